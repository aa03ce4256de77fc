namespace Quire.Engine;

/// <summary>One step as plain values, and a delta: the first mention of a row carries prompt and parameters, later ones only what is new.
/// An executor that has seen all plans before this one can run it; so can a process on another host.</summary>
public sealed class StepPlan
{
    private readonly List<PlannedRow> rows = [];
    private readonly List<NewBlock> blocks = [];
    private readonly List<int> drafts = [];
    private readonly List<int> freed = [];
    private readonly List<Sequence> sequences = [];

    /// <summary>Counts up by one from plan to plan.</summary>
    public long Number { get; internal set; }

    /// <summary>Running rows in admission order, then those admitted or resumed by this plan.</summary>
    public IReadOnlyList<PlannedRow> Rows => rows;

    /// <summary>Block ids that rows received; each row names its part.</summary>
    public IReadOnlyList<NewBlock> Blocks => blocks;

    /// <summary>Draft tokens to verify; each row names its part.</summary>
    public IReadOnlyList<int> Drafts => drafts;

    /// <summary>Rows whose sequences ended since the last plan: their state may be dropped, and this plan may already use them anew.</summary>
    public IReadOnlyList<int> FreedRows => freed;

    /// <summary>Tokens of all rows.</summary>
    public int TotalTokens { get; private set; }

    public bool IsEmpty => rows.Count == 0;

    internal IReadOnlyList<Sequence> Sequences => sequences;

    internal void Clear()
    {
        rows.Clear();
        blocks.Clear();
        drafts.Clear();
        freed.Clear();
        sequences.Clear();
        TotalTokens = 0;
    }

    internal void Free(int row) => freed.Add(row);

    /// <summary>Adds a row.</summary>
    /// <param name="known">Blocks that the executor knows already, by group; the rest of each table goes into the plan.</param>
    internal void Add(Sequence sequence, int tokens, bool isFirst, bool replacesTables, ReadOnlySpan<int> known)
    {
        int firstBlock = blocks.Count, firstDraft = drafts.Count;
        for (int group = 0; group < sequence.Tables.Length; group++)
            foreach (int id in sequence.Tables[group].Ids[known[group]..]) blocks.Add(new NewBlock(group, id));
        drafts.AddRange(sequence.Drafts);
        rows.Add(new PlannedRow(sequence.Row, sequence.ComputedTokens, tokens, firstBlock, blocks.Count - firstBlock, firstDraft, sequence.Drafts.Count,
            sequence.ComputedTokens + tokens >= sequence.TokenCount, replacesTables, isFirst ? sequence.Request : null));
        sequences.Add(sequence);
        TotalTokens += tokens;
    }

    /// <summary>Takes a row out again, because its sequence gave way to another of the same plan. Its blocks stay listed and belong to no row.</summary>
    internal int Withdraw(Sequence sequence)
    {
        int index = sequences.IndexOf(sequence);
        if (index < 0) return 0;
        int tokens = rows[index].Tokens;
        rows.RemoveAt(index);
        sequences.RemoveAt(index);
        TotalTokens -= tokens;
        return tokens;
    }
}

/// <summary>What one row does in a step.</summary>
/// <param name="Row">Index of the executor's persistent row.</param>
/// <param name="Start">Position of the first token: tokens computed before.</param>
/// <param name="Tokens">Tokens to compute, drafts included.</param>
/// <param name="FirstBlock">First of its entries in <see cref="StepPlan.Blocks"/>.</param>
/// <param name="FirstDraft">First of its entries in <see cref="StepPlan.Drafts"/>.</param>
/// <param name="Samples">The row reaches its last known token: it samples one token, and one more for each accepted draft.</param>
/// <param name="ReplacesTables">Its block tables start anew: it was just admitted or resumed.</param>
/// <param name="Request">Prompt, parameters and adapter at the first mention, else null.</param>
public readonly record struct PlannedRow(
    int Row, int Start, int Tokens, int FirstBlock, int BlockCount, int FirstDraft, int DraftCount, bool Samples, bool ReplacesTables, EngineRequest? Request);

/// <summary>A block id appended to a row's table in one KV group.</summary>
public readonly record struct NewBlock(int Group, int Id);
