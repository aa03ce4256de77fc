using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>What all responses and chunks of one request have in common.</summary>
/// <param name="Id">chatcmpl-… or cmpl-….</param>
/// <param name="Created">Seconds since 1970.</param>
/// <param name="Model">Served name.</param>
/// <param name="Fingerprint">Version and configuration of this server.</param>
public sealed record ResponseHead(string Id, long Created, string Model, string Fingerprint)
{
    internal void Write(Utf8JsonWriter json, string kind)
    {
        json.WriteString("id", Id);
        json.WriteString("object", kind);
        json.WriteNumber("created", Created);
        json.WriteString("model", Model);
    }
}

/// <summary>Tokens of a request, over all of its choices.</summary>
public readonly record struct Usage(int PromptTokens, int CompletionTokens, int? CachedTokens = null)
{
    internal void Write(Utf8JsonWriter json, bool withNulls)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", PromptTokens);
        json.WriteNumber("total_tokens", PromptTokens + CompletionTokens);
        json.WriteNumber("completion_tokens", CompletionTokens);
        if (CachedTokens is { } cached)
        {
            json.WriteStartObject("prompt_tokens_details");
            json.WriteNumber("cached_tokens", cached);
            json.WriteEndObject();
        }
        else if (withNulls)
        {
            json.WriteNull("prompt_tokens_details");
        }
        if (withNulls) json.WriteNull("completion_tokens_details");
        json.WriteEndObject();
    }
}

/// <summary>Names of finish reasons on the wire.</summary>
internal static class FinishNames
{
    public static void Write(Utf8JsonWriter json, Engine.FinishReason? finish) => json.WriteString("finish_reason", finish switch
    {
        null => null,
        Engine.FinishReason.Stop => "stop",
        Engine.FinishReason.Length => "length",
        Engine.FinishReason.Abort => "abort",
        _ => "error",
    });

    public static void WriteStopReason(Utf8JsonWriter json, object? reason)
    {
        switch (reason)
        {
            case string text: json.WriteString("stop_reason", text); break;
            case int id: json.WriteNumber("stop_reason", id); break;
            default: json.WriteNull("stop_reason"); break;
        }
    }

    public static void WriteTokens(Utf8JsonWriter json, string name, IReadOnlyList<int>? tokens)
    {
        if (tokens is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartArray(name);
        foreach (int token in tokens) json.WriteNumberValue(token);
        json.WriteEndArray();
    }
}
