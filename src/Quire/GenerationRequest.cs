using Quire.Engine;

namespace Quire;

/// <summary>What to generate from: a text or token ids, and how.</summary>
public sealed record GenerationRequest
{
    /// <summary>For logs; null draws one.</summary>
    public string? Id { get; init; }

    /// <summary>The prompt as text, or null if <see cref="PromptTokens"/> is given.</summary>
    public string? Prompt { get; init; }

    /// <summary>The prompt as token ids.</summary>
    public int[]? PromptTokens { get; init; }

    /// <summary>Whether a text prompt gets the tokenizer's own special tokens (a beginning of sequence). Rendered chats bring theirs.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>How tokens are chosen. A <see cref="SamplingParameters.MaxTokens"/> beyond the context is cut to what fits.</summary>
    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>Number of choices; each has random numbers of its own.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Texts that end a choice; the earliest completed one wins.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Whether the stop text (or the text of a stop id) is part of the output.</summary>
    public bool IncludeStop { get; init; }

    /// <summary>Whether special tokens are left out of the text.</summary>
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>Words that must not appear; tokenised with and without a leading space.</summary>
    public IReadOnlyList<string> BadWords { get; init; } = [];

    /// <summary>Smaller runs first under the priority policy.</summary>
    public int Priority { get; init; }

    /// <summary>Name of the adapter, or null for the model itself.</summary>
    public string? Adapter { get; init; }

    /// <summary>Requests with different salts share nothing in the prefix cache.</summary>
    public string? CacheSalt { get; init; }
}

/// <summary>A piece of one choice's output.</summary>
public sealed record GenerationChunk
{
    /// <summary>Which choice, from 0.</summary>
    public required int Choice { get; init; }

    /// <summary>New text; empty while a character or a possible stop text is incomplete.</summary>
    public required string Text { get; init; }

    /// <summary>The tokens behind this piece.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>Log probabilities of <see cref="Tokens"/>, if asked for.</summary>
    public IReadOnlyList<TextLogprob> Logprobs { get; init; } = [];

    /// <summary>Log probabilities of the prompt's tokens from the second on, in the choice's first piece, if asked for.</summary>
    public IReadOnlyList<TextLogprob>? PromptLogprobs { get; init; }

    /// <summary>Set in the choice's last piece.</summary>
    public FinishReason? Finish { get; init; }

    /// <summary>The stop text or stop id that ended the choice; null for an end of sequence.</summary>
    public object? StopReason { get; init; }

    /// <summary>Tokens of the prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Prompt tokens found in the prefix cache.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Tokens of this choice so far that count as used.</summary>
    public int CompletionTokens { get; init; }

    /// <summary>What failed, with <see cref="FinishReason.Error"/>.</summary>
    public string? Error { get; init; }
}

/// <summary>A token's text with its log probability.</summary>
/// <param name="Token">Token id.</param>
/// <param name="Text">What the token added to the text; empty if it completed no character.</param>
/// <param name="Bytes">UTF-8 bytes of <paramref name="Text"/>.</param>
/// <param name="Logprob">Natural logarithm.</param>
/// <param name="Rank">1 is the most probable.</param>
/// <param name="Top">The best alternatives, best first; <see cref="Top"/> is empty inside them.</param>
public sealed record TextLogprob(int Token, string Text, byte[] Bytes, float Logprob, int Rank, IReadOnlyList<TextLogprob> Top);

/// <summary>A finished choice.</summary>
/// <param name="Text">The whole text.</param>
/// <param name="Tokens">Its tokens, the end of sequence included.</param>
public sealed record Generation(int Choice, string Text, IReadOnlyList<int> Tokens, IReadOnlyList<TextLogprob> Logprobs, FinishReason Finish, object? StopReason, int PromptTokens, int CachedTokens)
{
    /// <summary>Log probabilities of the prompt's tokens from the second on, if asked for.</summary>
    public IReadOnlyList<TextLogprob>? PromptLogprobs { get; init; }
}
