using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Quire.OpenAI;

/// <summary>A conversation, checked and brought into the form that templates expect: content as one text, tool arguments as objects.</summary>
internal sealed class ChatMessages
{
    private static readonly HashSet<string> TextParts = ["text", "input_text", "output_text", "refusal", "thinking"];

    private ChatMessages(JsonElement forTemplate, int count, string lastRole, string lastText) =>
        (ForTemplate, Count, LastRole, LastText) = (forTemplate, count, lastRole, lastText);

    public JsonElement ForTemplate { get; }

    public int Count { get; }

    public string LastRole { get; }

    public string LastText { get; }

    /// <exception cref="ApiException">A message has no role, or content of an unknown kind.</exception>
    public static ChatMessages Read(JsonElement messages)
    {
        var all = new JsonArray();
        string lastRole = "", lastText = "";
        int index = 0;
        foreach (JsonElement message in messages.EnumerateArray())
        {
            JsonObject node = Read(message, index++);
            (lastRole, lastText) = (node["role"]!.GetValue<string>(), node["content"]!.GetValue<string>());
            all.Add((JsonNode)node);
        }
        return new ChatMessages(JsonDocument.Parse(all.ToJsonString()).RootElement, index, lastRole, lastText);
    }

    private static JsonObject Read(JsonElement message, int index)
    {
        string path = $"body.messages.{index}";
        if (message.ValueKind != JsonValueKind.Object) throw ApiException.Schema($"{path}.ChatCompletionDeveloperMessageParam", "dict_type", "Input should be a valid dictionary");
        if (!message.TryGetProperty("role", out JsonElement role)) throw ApiException.Schema($"{path}.ChatCompletionDeveloperMessageParam.role", "missing", "Field required");
        if (role.ValueKind != JsonValueKind.String) throw ApiException.Schema($"{path}.ChatCompletionDeveloperMessageParam.role", "literal_error", "Input should be a string");
        var node = new JsonObject();
        foreach (JsonProperty property in message.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null) continue;
            node[property.Name] = property.Name switch
            {
                "content" => Content(property.Value, path),
                "tool_calls" => ToolCalls(property.Value),
                // What newer clients call the system's role; templates know the older name.
                "role" when property.Value.ValueEquals("developer") => "system",
                _ => JsonNode.Parse(property.Value.GetRawText()),
            };
        }
        node["content"] ??= "";
        return node;
    }

    private static string Content(JsonElement content, string path)
    {
        if (content.ValueKind == JsonValueKind.String) return content.GetString()!;
        if (content.ValueKind != JsonValueKind.Array) throw ApiException.Schema($"{path}.ChatCompletionDeveloperMessageParam.content", "string_type", "Input should be a valid string");
        var text = new StringBuilder();
        foreach (JsonElement part in content.EnumerateArray())
        {
            if (text.Length > 0) text.Append('\n');
            text.Append(Part(part));
        }
        return text.ToString();
    }

    private static string Part(JsonElement part)
    {
        if (part.ValueKind == JsonValueKind.String) return part.GetString()!;
        string? type = part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out JsonElement name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        if (type is null || !(TextParts.Contains(type) || type.Contains("image", StringComparison.Ordinal) || type.Contains("audio", StringComparison.Ordinal) || type.Contains("video", StringComparison.Ordinal)))
            throw ApiException.Bad(null, $"A part of a message's content must have the type \"text\" and a text, not {type ?? "none"}.");
        if (!TextParts.Contains(type)) throw ApiException.Bad(null, "This model is not a multimodal model; only text parts are understood.");
        return part.TryGetProperty(type is "refusal" or "thinking" ? type : "text", out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw ApiException.Bad(null, $"A part of type {type} lacks its text.");
    }

    // Clients send arguments as JSON in a string; templates iterate over an object.
    private static JsonNode? ToolCalls(JsonElement calls)
    {
        JsonNode? node = JsonNode.Parse(calls.GetRawText());
        if (node is not JsonArray list) return node;
        foreach (JsonNode? call in list)
        {
            if (call?["function"] is not JsonObject function || function["arguments"] is not JsonValue arguments || arguments.GetValueKind() != JsonValueKind.String) continue;
            string text = arguments.GetValue<string>();
            try
            {
                function["arguments"] = text.Length == 0 ? new JsonObject() : JsonNode.Parse(text);
            }
            catch (JsonException)
            {
                throw ApiException.Bad("messages", "The arguments of a tool call are not valid JSON.");
            }
        }
        return list;
    }
}
