using System.Text.Json;
using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates;

/// <summary>Ends a prompt inside its last message: a tag after the message's text shows where the template put its end.</summary>
internal sealed class FinalMessage
{
    // The blank at the end tells whether the template trims messages.
    private const string Tag = "CONTINUE_FINAL_MESSAGE_TAG ";

    private readonly string text;

    private FinalMessage(Value messages, string text)
    {
        Messages = messages;
        this.text = text;
    }

    /// <summary>The conversation with the tag in its last message.</summary>
    public Value Messages { get; }

    public static FinalMessage Mark(JsonElement messages, ChatTemplate template)
    {
        if (JsonValues.Read(messages) is not ListValue { Elements: [.. var before, DictValue last] }) throw Fail(template, "there is no final message to continue");
        if (!template.Source.Contains("content", StringComparison.Ordinal)) throw Fail(template, "the template does not print the content of messages");
        (Value content, string text) = Marked(last.Get("content")) ?? throw Fail(template, "the final message has no text to continue");
        DictValue marked = DictValue.Of(last.Entries.Select(e => e.Key.Equals(Value.Of("content")) ? KeyValuePair.Create(e.Key, content) : e));
        return new FinalMessage(new ListValue([.. before, marked]), text) { Template = template };
    }

    private ChatTemplate? Template { get; init; }

    private static (Value Content, string Text)? Marked(Value? content)
    {
        if (content is StrValue { IsTrue: true } text) return (Value.Of(text.Content + Tag), text.Content);
        if (content is not ListValue { Elements: var parts }) return null;
        for (int i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i] is not DictValue part || part.Get("text") is not StrValue partText) continue;
            DictValue marked = DictValue.Of(part.Entries.Select(e => e.Key.Equals(Value.Of("text")) ? KeyValuePair.Create(e.Key, Value.Of(partText.Content + Tag)) : e));
            return (new ListValue([.. parts[..i], marked, .. parts[(i + 1)..]]), partText.Content);
        }
        return null;
    }

    /// <summary>The prompt up to the end of the final message.</summary>
    public string Cut(string rendered)
    {
        string bare = Tag.TrimEnd();
        int at = rendered.LastIndexOf(bare, StringComparison.Ordinal);
        if (at < 0 || !rendered.Contains(PyChar.Trim(text, null, true, true), StringComparison.Ordinal))
            throw Fail(Template!, "the final message does not appear in the prompt as it was given");
        return string.CompareOrdinal(rendered, at, Tag, 0, Tag.Length) == 0 ? rendered[..at] : PyChar.TrimEnd(rendered[..at]);
    }

    private static TemplateException Fail(ChatTemplate template, string reason) =>
        new(TemplateErrorKind.ContinueFinalMessage, $"continue_final_message: {reason}.", template.Name);
}
