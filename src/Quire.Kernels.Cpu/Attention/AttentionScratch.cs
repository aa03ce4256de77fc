using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>What attention of a tile of rows keeps in a worker's scratch memory.</summary>
internal readonly unsafe struct AttentionScratch
{
    /// <summary>Tokens between two cuts of a sequence.</summary>
    public const int Partition = 256;

    /// <summary>Tokens that are widened at once.</summary>
    public const int Piece = 64;

    /// <summary>Floats between rows of scores: an odd number of cache lines, so that neighbours lie in different sets of a cache.</summary>
    public const int ScoreStride = Partition + 16;

    /// <summary>bf16 numbers between rows of weights.</summary>
    public const int WeightStride = Partition + 32;

    private const int MaxRows = 48;
    private const int Statistics = 4;
    private const int Floats = ComputePool.ScratchBytes / sizeof(float);

    private AttentionScratch(float* memory, int rows, int padded, bool rounds)
    {
        TotalMax = memory;
        TotalSum = TotalMax + rows;
        Max = TotalSum + rows;
        Sum = Max + rows;
        Total = memory + (Statistics * MaxRows);
        if (rounds) rows = AmxProducts.Padded(rows);
        Partial = Total + (rows * padded);
        Scores = Partial + (rows * padded);
        Apart = Scores;
        if (rounds)
        {
            Weights = (ushort*)(Scores + (rows * Math.Max(ScoreStride, padded)));
            RoundedQueries = Weights + (rows * WeightStride);
            CleanBlocks = (byte*)(RoundedQueries + (rows * QueryStride(padded)));
        }
        else
        {
            Queries = Scores + (rows * ScoreStride);
            Wide = Queries + (rows * padded);
        }
    }

    /// <summary>[rows] maxima and sums of the partitions so far, and of one.</summary>
    public float* TotalMax { get; }

    public float* TotalSum { get; }

    public float* Max { get; }

    public float* Sum { get; }

    /// <summary>[rows][padded head size] of the partitions so far.</summary>
    public float* Total { get; }

    /// <summary>The same of one partition.</summary>
    public float* Partial { get; }

    /// <summary>[rows][<see cref="ScoreStride"/>]</summary>
    public float* Scores { get; }

    /// <summary>Exact: [rows][padded head size].</summary>
    public float* Queries { get; }

    /// <summary>Exact: keys or values of <see cref="Piece"/> tokens.</summary>
    public float* Wide { get; }

    /// <summary>Rounded: bf16 [rows][<see cref="QueryStride"/>].</summary>
    public ushort* RoundedQueries { get; }

    /// <summary>Rounded: bf16 [rows][<see cref="WeightStride"/>].</summary>
    public ushort* Weights { get; }

    /// <summary>Rounded: two blocks' values.</summary>
    public byte* CleanBlocks { get; }

    /// <summary>Rounded: values of some of the rows, where scores are spent.</summary>
    public float* Apart { get; }

    /// <summary>bf16 numbers between rows of queries.</summary>
    public static int QueryStride(int padded) => (padded + 31) / 32 * 32 | 32;

    /// <summary>Rows that fit, at most; 0 where not even one does.</summary>
    public static int Rows(int padded, bool rounds)
    {
        if (!rounds) return Math.Max(0, Math.Min(MaxRows, (Floats - (Statistics * MaxRows) - (Piece * padded)) / (ScoreStride + (3 * padded))));
        int row = (2 * padded) + Math.Max(ScoreStride, padded) + ((WeightStride + QueryStride(padded)) / 2), clean = 2 * KvLayout.BlockTokens * padded / 2;
        return Math.Max(0, Math.Min(MaxRows, AmxAttention.Whole((Floats - (Statistics * MaxRows) - clean) / row)));
    }

    public static AttentionScratch Of(ComputePool pool, int worker, int rows, int padded, bool rounds) => new((float*)pool.Scratch(worker), rows, padded, rounds);
}
