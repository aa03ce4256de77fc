using System.Text.Json;
using Quire.Templates.Nodes;
using Quire.Templates.Rendering;
using Quire.Templates.Syntax;
using Quire.Templates.Values;

namespace Quire.Templates;

/// <summary>A chat template, parsed once: Jinja as chat templates use it, in Python's immutable sandbox. Safe to render from many threads.</summary>
/// <remarks>jinja2 3.1.6 as transformers 5.23 sets it up; checked by <c>golden/templates</c>. A hostile template ends with an error, never with a hang or a crash.</remarks>
public sealed class ChatTemplate
{
    private readonly Body body;

    private ChatTemplate(string source, string name, Body body)
    {
        Source = source;
        Name = name;
        this.body = body;
    }

    /// <summary>Shown in errors: a file's or a model's name.</summary>
    public string Name { get; }

    /// <summary>The template as given.</summary>
    public string Source { get; }

    /// <summary>Parses a template.</summary>
    /// <exception cref="TemplateException">The template is not valid; the error names the line.</exception>
    public static ChatTemplate Parse(string source, string name) => new(source, name, Parser.Parse(source, name));

    /// <summary>Renders a conversation.</summary>
    /// <exception cref="TemplateException">The template raised an error, used what is not there, or exceeded its limits.</exception>
    public string Render(TemplateContext context)
    {
        if (!context.ContinueFinalMessage) return Render(Variables(context, JsonValues.Read(context.Messages)), context.Clock);
        var final = FinalMessage.Mark(context.Messages, this);
        return final.Cut(Render(Variables(context, final.Messages), context.Clock));
    }

    /// <summary>Renders with the given variables alone.</summary>
    /// <exception cref="TemplateException">The template raised an error, used what is not there, or exceeded its limits.</exception>
    public string Render(IReadOnlyDictionary<string, JsonElement> variables, TimeProvider? clock = null) =>
        Render(variables.ToDictionary(v => v.Key, v => JsonValues.Read(v.Value)), clock ?? TimeProvider.System);

    private static Dictionary<string, Value> Variables(TemplateContext context, Value messages)
    {
        var variables = new Dictionary<string, Value>(StringComparer.Ordinal);
        foreach ((string name, string token) in context.SpecialTokens) variables[name] = new StrValue(token);
        foreach ((string name, JsonElement value) in context.Kwargs) variables[name] = JsonValues.Read(value);
        variables["messages"] = messages;
        variables["tools"] = context.Tools is { } tools ? JsonValues.Read(tools) : NoneValue.Instance;
        variables["documents"] = context.Documents is { } documents ? JsonValues.Read(documents) : NoneValue.Instance;
        variables["add_generation_prompt"] = Value.Of(context.AddGenerationPrompt);
        return variables;
    }

    private string Render(Dictionary<string, Value> variables, TimeProvider clock)
    {
        var run = new Run(new Scope(null, variables), clock.GetLocalNow().DateTime);
        try
        {
            Run.EnsureStack();
            body.Execute(run, run.Top);
        }
        catch (TemplateException e)
        {
            throw e.At(Name, run.Line);
        }
        return run.Result;
    }
}
