using Quire.Engine;

namespace Quire;

/// <summary>Ranges of sampling parameters; messages are vLLM's where it has one.</summary>
internal static class SamplingRules
{
    /// <exception cref="QuireException">A value is out of range; the message says which and what is allowed.</exception>
    public static void Check(GenerationRequest request, int vocabulary)
    {
        SamplingParameters p = request.Sampling;
        Require(request.Choices >= 1, "n", $"n must be at least 1, got {request.Choices}.");
        Require(p.Temperature >= 0 && float.IsFinite(p.Temperature), "temperature", $"temperature must be non-negative, got {p.Temperature}.");
        Require(p.Temperature > 0 || request.Choices == 1, "n", $"n must be 1 when using greedy sampling, got {request.Choices}.");
        Require(p.TopP is > 0 and <= 1, "top_p", $"top_p must be in (0, 1], got {p.TopP}.");
        Require(p.TopK >= -1, "top_k", $"top_k must be 0 (disable), or at least 1, got {p.TopK}.");
        Require(p.MinP is >= 0 and <= 1, "min_p", $"min_p must be in [0, 1], got {p.MinP}.");
        Require(p.RepetitionPenalty > 0 && float.IsFinite(p.RepetitionPenalty), "repetition_penalty", $"repetition_penalty must be greater than zero, got {p.RepetitionPenalty}.");
        Require(p.FrequencyPenalty is >= -2 and <= 2, "frequency_penalty", $"frequency_penalty must be in [-2, 2], got {p.FrequencyPenalty}.");
        Require(p.PresencePenalty is >= -2 and <= 2, "presence_penalty", $"presence_penalty must be in [-2, 2], got {p.PresencePenalty}.");
        Require(p.MaxTokens >= 1, "max_tokens", $"max_tokens must be at least 1, got {p.MaxTokens}.");
        Require(p.MinTokens >= 0, "min_tokens", $"min_tokens must be greater than or equal to 0, got {p.MinTokens}.");
        Require(p.MinTokens <= p.MaxTokens, "min_tokens", $"min_tokens must be less than or equal to max_tokens={p.MaxTokens}, got {p.MinTokens}.");
        Require(request.Stop.All(stop => stop.Length > 0), "stop", "stop cannot contain an empty string.");
        Require(p.StopTokenIds.All(IsToken), "stop_token_ids", $"stop_token_ids must be in [0, {vocabulary}).");
        Require(p.LogitBias.All(bias => IsToken(bias.Key)), "logit_bias", $"logit_bias token ids must be in [0, {vocabulary}).");
        Require(p.AllowedTokenIds is not { Count: 0 }, "allowed_token_ids", "allowed_token_ids is not None and empty!");
        Require(p.AllowedTokenIds is null || p.AllowedTokenIds.All(IsToken), "allowed_token_ids", "allowed_token_ids contains out-of-vocab token id!");
        Require(request.PromptTokens is null || request.PromptTokens.All(IsToken), "prompt", $"Token id {request.PromptTokens?.FirstOrDefault(id => !IsToken(id))} is out of vocabulary");

        bool IsToken(int id) => id >= 0 && id < vocabulary;

        static void Require(bool holds, string param, string message)
        {
            if (!holds) throw new QuireException(ErrorKind.InvalidRequest, message, param: param);
        }
    }
}
