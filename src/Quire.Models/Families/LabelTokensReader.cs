using Quire.Formats;

namespace Quire.Models;

/// <summary>What configurations say of classifiers that are made of a language model: vLLM's <c>classifier_from_token</c>, <c>method</c> and <c>is_original_qwen3_reranker</c>.</summary>
internal static class LabelTokensReader
{
    /// <summary>The key that makes such a classifier.</summary>
    public const string Key = "classifier_from_token";

    private const string TwoWay = "from_2_way_softmax", Plain = "no_post_processing";

    /// <returns>Null where the configuration names no tokens.</returns>
    /// <exception cref="QuireException">The keys contradict each other, or one is missing.</exception>
    public static LabelTokens? Read(ModelConfig config)
    {
        bool isQwen3 = config.OptionalBool("is_original_qwen3_reranker") == true;
        string? method = config.OptionalString("method");
        if (config.OptionalStrings(Key) is not { } tokens)
            return isQwen3 || method is TwoWay or Plain ? throw config.Bad(Key, $"is missing; {(isQwen3 ? "is_original_qwen3_reranker" : $"method {method}")} needs it, such as [\"no\", \"yes\"]") : null;
        if (isQwen3 && method is not (null or TwoWay)) throw config.Bad("method", $"is {method}; is_original_qwen3_reranker is {TwoWay}");
        method ??= isQwen3 ? TwoWay : throw config.Bad("method", $"is missing; with {Key} it is {TwoWay} (the second token against the first) or {Plain} (a number for each token)");
        return method switch
        {
            TwoWay when tokens.Count != 2 => throw config.Bad(Key, $"has {tokens.Count} tokens; {TwoWay} takes two, the one for no and the one for yes"),
            Plain when tokens.Count == 0 => throw config.Bad(Key, "has no tokens"),
            TwoWay or Plain => new LabelTokens(tokens, method == TwoWay),
            _ => throw config.Bad("method", $"is {method}; {TwoWay} and {Plain} are known"),
        };
    }
}
