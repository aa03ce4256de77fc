using System.Text.Json;

namespace Quire.Server;

/// <summary>What answers of pooling endpoints begin and end with.</summary>
internal static class PoolingAnswer
{
    public static void Begin(Utf8JsonWriter json, string id, string model)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", "list");
        json.WriteNumber("created", DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        json.WriteString("model", model);
        json.WriteStartArray("data");
    }

    public static void End(Utf8JsonWriter json, int tokens)
    {
        json.WriteEndArray();
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens);
        json.WriteNumber("total_tokens", tokens);
        json.WriteNumber("completion_tokens", 0);
        json.WriteNull("prompt_tokens_details");
        json.WriteNull("completion_tokens_details");
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
