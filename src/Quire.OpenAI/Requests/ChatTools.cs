using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>tools and tool_choice. Tools are shown to the model where tool_choice is none; reading calls out of its answer needs a parser, which this build lacks.</summary>
internal static class ChatTools
{
    /// <exception cref="ApiException">The fields are malformed, or ask for tool calls.</exception>
    public static JsonElement? Read(Fields body)
    {
        JsonElement? tools = body.Element("tools"), choice = body.Element("tool_choice");
        if (tools is { ValueKind: not JsonValueKind.Array }) throw ApiException.Schema("body.tools", "list_type", "Input should be a valid list");
        if (tools is { } empty && empty.GetArrayLength() == 0)
            throw ApiException.Value("tools", "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.", "[]");
        int index = 0;
        if (tools is { } list)
        {
            foreach (JsonElement tool in list.EnumerateArray())
            {
                if (tool.ValueKind != JsonValueKind.Object || !tool.TryGetProperty("function", out _)) throw ApiException.Schema($"body.tools.{index}.function", "missing", "Field required");
                index++;
            }
        }
        if (choice is { ValueKind: JsonValueKind.String } word)
        {
            string name = word.GetString()!;
            if (name == "none") return tools;
            if (tools is null) throw ApiException.Value("tool_choice", "When using `tool_choice`, `tools` must be set.");
            if (name is not ("auto" or "required"))
                throw ApiException.Value("tool_choice", $"Invalid value for `tool_choice`: {name}! Only named tools, \"none\", \"auto\" or \"required\" are supported.");
        }
        else if (choice is { } named)
        {
            CheckNamed(named, tools);
        }
        if (tools is null) return null;
        if (choice is null or { ValueKind: JsonValueKind.String } && (choice is null || choice.Value.GetString() == "auto"))
            throw ApiException.Bad(null, "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set");
        throw ApiException.NotImplemented("tool_choice");
    }

    private static void CheckNamed(JsonElement named, JsonElement? tools)
    {
        if (tools is not { } list) throw ApiException.Value("tool_choice", "When using `tool_choice`, `tools` must be set.");
        if (named.ValueKind != JsonValueKind.Object || !named.TryGetProperty("function", out JsonElement function) || !function.TryGetProperty("name", out JsonElement name))
            throw ApiException.Value("tool_choice.function.name", "Expected field `name` in `function` in `tool_choice`! Correct usage: `{\"type\": \"function\", \"function\": {\"name\": \"my_function\"}}`");
        if (list.EnumerateArray().All(tool => !(tool.GetProperty("function").TryGetProperty("name", out JsonElement own) && own.ValueEquals(name.GetString()))))
            throw ApiException.Value("tool_choice", "The tool specified in `tool_choice` does not match any of the specified `tools`");
    }
}
