using Quire.OpenAI;

namespace Quire.Server;

/// <summary>Cuts a prompt as asked and makes sure that it and an answer fit the context.</summary>
internal static class PromptFitting
{
    /// <returns>The prompt and the tokens that its answer may have.</returns>
    /// <exception cref="ApiException">The prompt leaves no room.</exception>
    public static (int[] Prompt, int MaxTokens) Fit(int[] prompt, SamplingFields sampling, QuireEngine engine, int? serverDefault)
    {
        int longest = engine.MaxModelLength;
        if (sampling.TruncatePromptTokens is { } keep)
        {
            int count = Math.Min(prompt.Length, keep == -1 ? longest - 1 : keep);
            prompt = sampling.TruncateLeft ? prompt[^count..] : prompt[..count];
        }
        if (prompt.Length > longest)
        {
            int wanted = sampling.MaxTokens ?? 1;
            throw ApiException.Value("input_tokens",
                $"This model's maximum context length is {longest} tokens. However, your prompt contains at least {longest + 1} input tokens, and at least {wanted} output tokens are needed. Please reduce the length of the input messages.",
                $"{prompt.Length}");
        }
        int room = longest - prompt.Length;
        if (room < 1) throw ApiException.Value("max_tokens", $"max_tokens must be at least 1, got {room}.", $"{room}");
        if (prompt.Length == 0) throw ApiException.Bad(null, "The decoder prompt cannot be empty");
        return (prompt, Math.Min(room, sampling.MaxTokens ?? serverDefault ?? room));
    }

    public static GenerationRequest Request(string id, int[] prompt, int maxTokens, SamplingFields sampling) => new()
    {
        Id = id,
        PromptTokens = prompt,
        Sampling = sampling.Parameters with { MaxTokens = maxTokens, MinTokens = Math.Min(sampling.Parameters.MinTokens, maxTokens) },
        Choices = sampling.Choices,
        Stop = sampling.Stop,
        IncludeStop = sampling.IncludeStop,
        SkipSpecialTokens = sampling.SkipSpecialTokens,
        BadWords = sampling.BadWords,
        Priority = sampling.Priority,
        CacheSalt = sampling.CacheSalt,
    };
}
