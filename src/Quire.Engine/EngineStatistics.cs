namespace Quire.Engine;

/// <summary>Counters of an engine at one moment.</summary>
/// <param name="Running">Sequences in the batch.</param>
/// <param name="Waiting">Sequences in the queue.</param>
/// <param name="FreeBlocks">KV blocks that no sequence holds.</param>
/// <param name="TotalBlocks">KV blocks.</param>
/// <param name="PrefixQueries">Tokens looked up in the prefix cache.</param>
/// <param name="PrefixHits">Tokens found there.</param>
/// <param name="Preemptions">Sequences that gave way since the start.</param>
/// <param name="PromptTokens">Prompt tokens of admitted requests.</param>
/// <param name="GeneratedTokens">Tokens sampled.</param>
/// <param name="Steps">Steps run.</param>
public readonly record struct EngineStatistics(
    int Running, int Waiting, int FreeBlocks, int TotalBlocks, long PrefixQueries, long PrefixHits, long Preemptions, long PromptTokens, long GeneratedTokens, long Steps);
