using System.Text.Json;
using System.Text.Json.Nodes;

namespace Quire.Server;

/// <summary>A query and a document as one input of a classifier, as vLLM makes it.</summary>
internal static class PairPrompt
{
    /// <summary>By the template of <c>--chat-template</c>, which sees messages of the roles query and document; a model's own template is for conversations and is not asked.
    /// Without it as a pair of texts, or as one text, as the model was made for.</summary>
    /// <param name="limit">Most tokens; null is any number.</param>
    /// <returns>Token ids, and for pairs their types.</returns>
    public static (int[] Ids, int[]? TypeIds) Encode(QuireEngine engine, string query, string document, bool addSpecialTokens, int? limit)
    {
        bool hasTemplate = engine.Options.ChatTemplate is not null;
        if (!hasTemplate && engine.Pooler!.SeparatesPair) return engine.Tokenizer.EncodePair(query, document, addSpecialTokens, maxTokens: limit ?? int.MaxValue);
        string text = hasTemplate ? Render(engine, query, document) : query + document;
        return (limit is { } most ? engine.Tokenizer.EncodeUpTo(most, text, addSpecialTokens) : engine.Tokenizer.Encode(text, addSpecialTokens), null);
    }

    private static string Render(QuireEngine engine, string query, string document)
    {
        var messages = new JsonArray(Message("query", query), Message("document", document));
        return engine.RenderChat(new ChatRequest { Messages = JsonElement.Parse(messages.ToJsonString()), AddGenerationPrompt = false });

        static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
    }
}
