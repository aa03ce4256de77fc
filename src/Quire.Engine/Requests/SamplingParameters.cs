using Quire.Tensors;

namespace Quire.Engine;

/// <summary>How the tokens of one request are chosen and where it ends. Token ids only: text-level settings (stop strings, bad words as text) are the facade's.</summary>
public sealed record SamplingParameters
{
    /// <summary>Greedy decoding of up to 16 tokens.</summary>
    public static SamplingParameters Greedy { get; } = new() { Temperature = 0 };

    /// <summary>At least 0; 0 is greedy.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>In (0, 1].</summary>
    public float TopP { get; init; } = 1;

    /// <summary>0 or -1 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>In [0, 1].</summary>
    public float MinP { get; init; }

    /// <summary>Greater than 0; 1 is off.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>In [-2, 2].</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>In [-2, 2].</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Equal seeds give equal tokens; null draws one.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Tokens to generate at most, at least 1.</summary>
    public int MaxTokens { get; init; } = 16;

    /// <summary>End-of-sequence and stop ids are impossible before this many tokens.</summary>
    public int MinTokens { get; init; }

    /// <summary>Go on after the end-of-sequence token.</summary>
    public bool IgnoreEos { get; init; }

    public IReadOnlyList<int> StopTokenIds { get; init; } = [];

    public IReadOnlyList<KeyValuePair<int, float>> LogitBias { get; init; } = [];

    public IReadOnlyList<int>? AllowedTokenIds { get; init; }

    /// <summary>Token sequences that must not appear in the output.</summary>
    public IReadOnlyList<int[]> BadWords { get; init; } = [];

    /// <summary>Best log probabilities to report per token; null reports none, 0 the chosen token's alone, -1 the whole vocabulary's.</summary>
    public int? Logprobs { get; init; }

    /// <summary>The same for the tokens of the prompt. Such a request reads nothing from the prefix cache.</summary>
    public int? PromptLogprobs { get; init; }

    public LogprobsMode LogprobsMode { get; init; }
}
