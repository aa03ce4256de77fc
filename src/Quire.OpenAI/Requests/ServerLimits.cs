using Quire.Tensors;

namespace Quire.OpenAI;

/// <summary>What requests are measured against.</summary>
/// <param name="MaxModelLength">Longest sequence.</param>
/// <param name="Vocabulary">Token ids are below it.</param>
/// <param name="MaxLogprobs">--max-logprobs.</param>
/// <param name="LogprobsMode">--logprobs-mode.</param>
public sealed record ServerLimits(int MaxModelLength, int Vocabulary, int MaxLogprobs = 20, LogprobsMode LogprobsMode = LogprobsMode.RawLogprobs)
{
    /// <param name="what">sample or prompt.</param>
    /// <param name="count">-1 asks for the whole vocabulary.</param>
    internal void CheckLogprobs(string what, string param, int count)
    {
        int wanted = count == -1 ? Vocabulary : count;
        if (MaxLogprobs >= 0 && wanted > MaxLogprobs)
            throw ApiException.Value(param, $"Requested {what} logprobs of {wanted}, which is greater than max allowed: {MaxLogprobs}", $"{wanted}");
    }
}
