using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>A body of POST /v1/embeddings, /pooling or /classify.</summary>
public sealed record EmbeddingRequest
{
    /// <summary>Texts, token ids, or a conversation; in order.</summary>
    public required IReadOnlyList<EmbeddingInput> Inputs { get; init; }

    public bool AddSpecialTokens { get; init; } = true;

    public bool IsBase64 { get; init; }

    public int? TruncatePromptTokens { get; init; }

    /// <summary>Truncation keeps the end of the input, not its beginning.</summary>
    public bool TruncateLeft { get; init; }

    /// <summary>Embeddings have length 1, numbers of labels become probabilities; null is what the model's files say.</summary>
    public bool? Activates { get; init; }

    /// <summary>Smaller runs first under the priority policy.</summary>
    public int Priority { get; init; }

    /// <summary>Leading elements of embeddings that are wanted; null is all.</summary>
    public long? Dimensions { get; init; }

    /// <param name="task">What <c>task</c> may say: <c>embed</c> or <c>classify</c>.</param>
    /// <exception cref="ApiException">A field is missing, of a wrong type, or asks for what is not there.</exception>
    public static EmbeddingRequest Read(JsonElement json, string task)
    {
        var body = new Fields(json);
        string format = body.Text("encoding_format") ?? "float";
        if (format is not ("float" or "base64")) throw ApiException.Schema("body.encoding_format", "literal_error", "Input should be float or base64");
        if (body.Text("task") is { } other && other != task)
            throw ApiException.Value("task", $"Try switching the model's pooling_task via --pooler-config.task {other}.");
        foreach ((string field, string only) in ((string, string)[])[("embed_dtype", "float32"), ("endianness", "native")])
            if (body.Text(field) is { } value && value != only && !(field == "endianness" && value == "little")) throw ApiException.NotImplemented(field);
        if (body.Has("messages") && body.Has("input")) throw ApiException.Bad("input", "input and messages are both given; give one.");
        EmbeddingInput[] inputs = body.Element("messages") is { } messages ? [new EmbeddingInput(null, null, ReadChat(body, messages))] : ReadInputs(body);
        return new EmbeddingRequest
        {
            Inputs = inputs,
            AddSpecialTokens = body.Flag("add_special_tokens") ?? inputs[0].Chat is null,
            IsBase64 = format == "base64",
            TruncatePromptTokens = body.Int("truncate_prompt_tokens"),
            TruncateLeft = body.Text("truncation_side") switch
            {
                null or "right" => false,
                "left" => true,
                _ => throw ApiException.Schema("body.truncation_side", "literal_error", "Input should be left or right"),
            },
            Activates = body.Flag("use_activation") ?? body.Flag("normalize"),
            Dimensions = body.Integer("dimensions"),
            Priority = body.Int("priority") ?? 0,
        };
    }

    private static EmbeddingInput[] ReadInputs(Fields body)
    {
        switch (body.Element("input"))
        {
            case null: throw ApiException.Schema("body.input", "missing", "Field required");
            case { ValueKind: JsonValueKind.String } text: return [new EmbeddingInput(text.GetString(), null, null)];
            case { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() == 0: throw ApiException.Bad(null, "The decoder prompt cannot be empty");
            case { ValueKind: JsonValueKind.Array } list when list[0].ValueKind == JsonValueKind.Number: return [new EmbeddingInput(null, Fields.Integers(list, "body.input"), null)];
            case { ValueKind: JsonValueKind.Array } list:
                return [.. list.EnumerateArray().Select((item, i) => item.ValueKind switch
                {
                    JsonValueKind.String => new EmbeddingInput(item.GetString(), null, null),
                    JsonValueKind.Array => new EmbeddingInput(null, Fields.Integers(item, $"body.input.{i}"), null),
                    _ => throw ApiException.Schema($"body.input.{i}", "string_type", "Input should be a valid string"),
                })];
            default: throw ApiException.Schema("body.input", "string_type", "Input should be a valid string");
        }
    }

    private static ChatRequest ReadChat(Fields body, JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array) throw ApiException.Schema("body.messages", "list_type", "Input should be a valid list");
        return new ChatRequest { Messages = ChatMessages.Read(messages).ForTemplate, AddGenerationPrompt = body.Flag("add_generation_prompt") ?? false };
    }
}

/// <summary>One input: exactly one is not null.</summary>
public sealed record EmbeddingInput(string? Text, int[]? Tokens, ChatRequest? Chat);
