using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>A prompt of a completion: text or token ids.</summary>
public readonly record struct CompletionPrompt(string? Text, int[]? Tokens);

/// <summary>A body of POST /v1/completions.</summary>
public sealed record CompletionRequest
{
    private const int MaxPrompts = 1024;
    private const int DefaultMaxTokens = 16;

    public required SamplingFields Sampling { get; init; }

    public required IReadOnlyList<CompletionPrompt> Prompts { get; init; }

    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>echo with max_tokens 0: the prompt alone, with its log probabilities.</summary>
    public bool EchoOnly { get; init; }

    /// <exception cref="ApiException">A field has the wrong type or a value out of its range.</exception>
    public static CompletionRequest Read(JsonElement json, SamplingDefaults defaults, ServerLimits limits)
    {
        var body = new Fields(json);
        int? logprobs = body.Int("logprobs");
        bool echo = body.Flag("echo") ?? false;
        int? maxTokens = body.Int("max_tokens");
        bool echoOnly = echo && maxTokens == 0;
        if (body.Has("suffix")) throw ApiException.Bad("suffix", "suffix is only supported for models with FIM completion rendering");
        if (body.Has("prompt_embeds")) throw ApiException.Value("prompt_embeds", "You must set `--enable-prompt-embeds` to input `prompt_embeds`.");
        SamplingFields sampling = SamplingFields.Read(body, defaults, "max_tokens", echoOnly ? 1 : maxTokens ?? (body.Element("max_tokens") is null && HasNull(json, "max_tokens") ? null : DefaultMaxTokens), limits);
        if (logprobs is { } count)
        {
            if (count < -1) throw ApiException.Value("logprobs", "`logprobs` must be a positive value or -1.", $"{count}");
            limits.CheckLogprobs("sample", "logprobs", count);
        }
        IReadOnlyList<CompletionPrompt> prompts = ReadPrompts(body);
        if (prompts.Count > MaxPrompts) throw ApiException.Value("prompt", $"prompt list length {prompts.Count} exceeds the maximum allowed count of {MaxPrompts}.");
        int? promptLogprobs = sampling.Parameters.PromptLogprobs ?? (echo ? logprobs : null);
        return new CompletionRequest
        {
            Sampling = sampling with { Parameters = sampling.Parameters with { Logprobs = logprobs, PromptLogprobs = promptLogprobs } },
            Prompts = prompts,
            AddSpecialTokens = body.Flag("add_special_tokens") ?? true,
            EchoOnly = echoOnly,
        };
    }

    private static bool HasNull(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    private static IReadOnlyList<CompletionPrompt> ReadPrompts(Fields body)
    {
        if (body.Element("prompt") is not { } prompt || (prompt.ValueKind == JsonValueKind.String && prompt.GetString()!.Length == 0))
            throw ApiException.Value("prompt", "Either prompt or prompt_embeds must be provided and non-empty.");
        if (prompt.ValueKind == JsonValueKind.String) return [new(prompt.GetString()!, null)];
        if (prompt.ValueKind != JsonValueKind.Array) throw ApiException.Schema("body.prompt", "list_type", "Input should be a valid list");
        if (prompt.GetArrayLength() == 0) throw ApiException.Bad(null, "You must pass at least one prompt");
        return prompt[0].ValueKind switch
        {
            JsonValueKind.Number => [new(null, Tokens(prompt, "body.prompt"))],
            JsonValueKind.Array => [.. prompt.EnumerateArray().Select((list, i) => list.ValueKind == JsonValueKind.Array
                ? new CompletionPrompt(null, Tokens(list, $"body.prompt.{i}"))
                : throw ApiException.Schema($"body.prompt.{i}", "list_type", "Input should be a valid list"))],
            JsonValueKind.String when prompt.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
                [.. prompt.EnumerateArray().Select(item => new CompletionPrompt(item.GetString()!, null))],
            _ => throw ApiException.Schema("body.prompt.0", "int_parsing", "Input should be a valid integer, unable to parse string as an integer"),
        };
    }

    private static int[] Tokens(JsonElement list, string path)
    {
        if (list.GetArrayLength() == 0) throw ApiException.Bad(null, "The decoder prompt cannot be empty");
        int[] tokens = Fields.Integers(list, path);
        int negative = Array.FindIndex(tokens, id => id < 0);
        return negative < 0 ? tokens : throw ApiException.Schema($"{path}.{negative}", "greater_than_equal", "Input should be greater than or equal to 0");
    }
}
