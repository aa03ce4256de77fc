namespace Quire.Engine;

/// <summary>One sequence to generate: token ids in, token ids out.</summary>
public sealed record EngineRequest
{
    /// <summary>For people and logs; the engine does not compare it.</summary>
    public required string Id { get; init; }

    /// <summary>At least one token.</summary>
    public required int[] Prompt { get; init; }

    public required SamplingParameters Parameters { get; init; }

    /// <summary>Which of a request's n choices this is; part of the random numbers' key.</summary>
    public int Choice { get; init; }

    /// <summary>Smaller runs first under the priority policy.</summary>
    public int Priority { get; init; }

    /// <summary>Requests with different salts share nothing in the prefix cache.</summary>
    public string? CacheSalt { get; init; }

    /// <summary>One row is wanted, which the model's pooler makes, and no token: one output carries it.</summary>
    public bool Pools { get; init; }

    /// <summary>By token of the prompt: its kind, for models that have kinds; null is 0 for all.</summary>
    public int[]? TokenTypes { get; init; }

    /// <summary>Load id of the adapter, 0 for none. Two loads of one name have two ids.</summary>
    public int Adapter { get; init; }
}

/// <summary>Why a request ended.</summary>
public enum FinishReason
{
    /// <summary>End of sequence, a stop id, or a stop string.</summary>
    Stop,

    /// <summary>max_tokens, or the model's longest context.</summary>
    Length,

    /// <summary>The caller gave it up.</summary>
    Abort,

    /// <summary>It failed; others did not.</summary>
    Error,
}
