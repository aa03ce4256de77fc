namespace Quire.Engine;

/// <summary>What a request gets from one step.</summary>
/// <param name="Token">The new token, or -1: only its prompt advanced, or it ended without one.</param>
/// <param name="Logprobs">If the request asked for them.</param>
/// <param name="PromptLogprobs">Log probabilities of prompt tokens that this step computed, if the request asked for them; the prompt's first token has none.</param>
/// <param name="Finish">Set in the last output.</param>
/// <param name="CachedTokens">Prompt tokens that were found in the prefix cache.</param>
/// <param name="Error">What failed, with <see cref="FinishReason.Error"/>.</param>
public readonly record struct EngineOutput(
    int Token, TokenLogprobs? Logprobs, IReadOnlyList<TokenLogprobs>? PromptLogprobs, FinishReason? Finish, int CachedTokens, string? Error = null)
{
    /// <summary>Of a pooling request: what the model's pooler made: an embedding, or a number for each label.</summary>
    public float[]? Pooled { get; init; }
}

/// <summary>Log probability and rank of a token, and the best alternatives, best first.</summary>
public sealed record TokenLogprobs(int Token, float Logprob, int Rank, IReadOnlyList<KeyValuePair<int, float>> Top);
