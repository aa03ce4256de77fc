using Quire.Models;
using Quire.Tensors;

namespace Quire.Engine;

/// <summary>The flat arrays of a step: staged on the host, copied to the device, all allocated once for the largest step.</summary>
internal sealed class StepArrays : IDisposable
{
    private const int FirstGroup = 8;
    private readonly IDevice device;
    private readonly int[] tokenIds, positions, queryStart, seqLens, logitsIndices, adapterSlots, logitsSlots, tokenTypes;
    private readonly int[][] slots, tables;
    private readonly int[] stateSlots;
    private readonly DeviceBuffer[] buffers;

    public StepArrays(IDevice device, ExecutorOptions options, int groups, int stateInterval = 0)
    {
        this.device = device;
        Sizes sizes = new(options, stateInterval);
        (tokenIds, positions, logitsIndices) = (new int[sizes.Tokens], new int[sizes.Tokens], new int[sizes.Tokens]);
        (adapterSlots, logitsSlots, tokenTypes) = (new int[sizes.Tokens], new int[sizes.Tokens], new int[sizes.Tokens]);
        (queryStart, seqLens) = (new int[sizes.Sequences + 1], new int[sizes.Sequences]);
        slots = [.. Enumerable.Range(0, groups).Select(_ => new int[sizes.Tokens])];
        tables = [.. Enumerable.Range(0, groups).Select(_ => new int[sizes.Table])];
        stateSlots = new int[sizes.States];
        buffers = [.. new int[][] { tokenIds, positions, queryStart, seqLens, logitsIndices, adapterSlots, logitsSlots, tokenTypes }.Concat(slots).Concat(tables).Append(stateSlots).Select(array => device.Allocate(4L * Math.Max(1, array.Length)))];
        Batch = new RaggedBatch { Groups = new GroupBatch[groups] };
    }

    /// <summary>Bytes of the arrays and of their copies on the device.</summary>
    public static long Bytes(ExecutorOptions options, int groups, int stateInterval)
    {
        Sizes sizes = new(options, stateInterval);
        return 2L * sizeof(int) * (((6L + groups) * sizes.Tokens) + (2L * sizes.Sequences) + 1 + ((long)groups * sizes.Table) + sizes.States);
    }

    public RaggedBatch Batch { get; }

    /// <summary>Rows of the batch whose logits are wanted.</summary>
    public int LogitsRows { get; private set; }

    /// <summary>Index in the plan of each wanted row, and whether the row is a prompt token's.</summary>
    public List<WantedRow> Wanted { get; } = [];

    /// <param name="adapters">Null, or unused in this step, leaves the slots empty.</param>
    public void Fill(StepPlan plan, IReadOnlyList<RunnerRow> rows, AdapterSlots? adapters = null)
    {
        Wanted.Clear();
        int tokens = 0, longestTable = 1, longestStates = 1;
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            PlannedRow planned = plan.Rows[i];
            RunnerRow row = rows[planned.Row];
            queryStart[i] = tokens;
            int slot = adapters?.Of(row.Request.Adapter) ?? -1;
            adapterSlots.AsSpan(tokens, planned.Tokens).Fill(slot);
            seqLens[i] = planned.Start + planned.Tokens;
            row.Tokens.Slice(planned.Start, planned.Tokens).CopyTo(tokenIds.AsSpan(tokens));
            if (row.Request.TokenTypes is { } types) types.AsSpan(planned.Start, planned.Tokens).CopyTo(tokenTypes.AsSpan(tokens));
            else tokenTypes.AsSpan(tokens, planned.Tokens).Clear();
            for (int t = 0; t < planned.Tokens; t++) positions[tokens + t] = planned.Start + t;
            for (int group = 0; group < slots.Length; group++)
            {
                List<int> table = row.Tables[group];
                longestTable = Math.Max(longestTable, table.Count);
                for (int t = 0; t < planned.Tokens; t++)
                {
                    int position = planned.Start + t;
                    slots[group][tokens + t] = (table[position / KvLayout.BlockTokens] * KvLayout.BlockTokens) + (position % KvLayout.BlockTokens);
                }
            }
            if (stateSlots.Length > 0) longestStates = Math.Max(longestStates, row.Tables[^1].Count);
            if (row.Request.Parameters.PromptLogprobs is not null)
            {
                // Row t predicts prompt token t + 1.
                int index = 0;
                for (int t = Math.Max(0, row.ReportedPrompt - planned.Start - 1); t < planned.Tokens && planned.Start + t + 1 < row.Request.Prompt.Length; t++)
                {
                    Want(tokens + t, new WantedRow(i, planned.Start + t + 1, index++));
                    row.ReportedPrompt = planned.Start + t + 2;
                }
            }
            tokens += planned.Tokens;
            if (planned.Samples) Want(tokens - 1, new WantedRow(i, -1, 0));
        }
        queryStart[plan.Rows.Count] = tokens;
        for (int group = 0; group < tables.Length; group++) CopyTables(plan, rows, group, tables[group], longestTable);
        if (stateSlots.Length > 0)
        {
            CopyTables(plan, rows, tables.Length, stateSlots, longestStates);
            Batch.StateSlots = Copy(FirstGroup + slots.Length + tables.Length, stateSlots, new Shape(plan.Rows.Count, longestStates));
        }
        Upload(plan.Rows.Count, tokens, longestTable, adapters?.IsUsed == true);
    }

    /// <summary>A slice of the wanted rows' indices, on the device.</summary>
    public Tensor LogitsIndices(int first, int count) => Batch.LogitsIndices.Slice(first, count);

    /// <summary>Where a slice of the sequences begins, and where its last one ends.</summary>
    public Tensor QueryStart(int first, int count) => Batch.QueryStart.Slice(first, count + 1);

    /// <summary>The adapters of a slice of the wanted rows; empty where the step has none.</summary>
    public Tensor LogitsAdapterSlots(int first, int count) => Batch.LogitsAdapterSlots.IsEmpty ? default : Batch.LogitsAdapterSlots.Slice(first, count);

    public void Dispose()
    {
        foreach (DeviceBuffer buffer in buffers) buffer.Dispose();
    }

    private void Want(int batchRow, WantedRow wanted)
    {
        logitsIndices[Wanted.Count] = batchRow;
        Wanted.Add(wanted);
    }

    private static void CopyTables(StepPlan plan, IReadOnlyList<RunnerRow> rows, int group, int[] table, int width)
    {
        for (int i = 0; i < plan.Rows.Count; i++)
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(rows[plan.Rows[i].Row].Tables[group]).CopyTo(table.AsSpan(i * width));
    }

    private void Upload(int sequences, int tokens, int longestTable, bool hasAdapters)
    {
        LogitsRows = Wanted.Count;
        Batch.TokenIds = Copy(0, tokenIds, new Shape(tokens));
        Batch.Positions = Copy(1, positions, new Shape(tokens));
        Batch.QueryStart = Copy(2, queryStart, new Shape(sequences + 1));
        Batch.SeqLens = Copy(3, seqLens, new Shape(sequences));
        Batch.LogitsIndices = Copy(4, logitsIndices, new Shape(LogitsRows));
        for (int i = 0; i < LogitsRows; i++) logitsSlots[i] = adapterSlots[logitsIndices[i]];
        Batch.AdapterSlots = hasAdapters ? Copy(5, adapterSlots, new Shape(tokens)) : default;
        Batch.TokenTypes = Copy(7, tokenTypes, new Shape(tokens));
        Batch.LogitsAdapterSlots = hasAdapters ? Copy(6, logitsSlots, new Shape(LogitsRows)) : default;
        for (int group = 0; group < slots.Length; group++)
        {
            Batch.Groups[group] = new GroupBatch(
                Copy(FirstGroup + slots.Length + group, tables[group], new Shape(sequences, longestTable)),
                Copy(FirstGroup + group, slots[group], new Shape(tokens)));
        }
    }

    private Tensor Copy(int buffer, int[] source, Shape shape)
    {
        Tensor tensor = buffers[buffer].Tensor(DType.I32, shape);
        device.Write<int>(tensor, source.AsSpan(0, (int)shape.Count));
        return tensor;
    }

    private readonly struct Sizes(ExecutorOptions options, int stateInterval)
    {
        public int Tokens { get; } = options.MaxBatchedTokens;

        public int Sequences { get; } = options.MaxSequences;

        /// <summary>Entries of a group's block tables.</summary>
        public int Table { get; } = Entries(options, KvLayout.BlockTokens);

        public int States { get; } = stateInterval == 0 ? 0 : Entries(options, stateInterval);

        private static int Entries(ExecutorOptions options, int tokens)
        {
            long entries = (long)options.MaxSequences * ((options.MaxModelLength + tokens - 1) / tokens);
            if (entries <= Array.MaxLength) return (int)entries;
            throw new QuireException(ErrorKind.InvalidRequest, $"--max-num-seqs {options.MaxSequences} is too large for sequences of {options.MaxModelLength} tokens; {(long)Array.MaxLength * options.MaxSequences / entries} and less work.", param: "max-num-seqs");
        }
    }
}

/// <summary>A row of logits that is wanted.</summary>
/// <param name="PlanRow">Index in the plan.</param>
/// <param name="PromptPosition">Position of the prompt token that the row predicts, or -1: a new token is sampled from it.</param>
/// <param name="Index">Which of the row's prompt tokens in this step.</param>
internal readonly record struct WantedRow(int PlanRow, int PromptPosition, int Index);
