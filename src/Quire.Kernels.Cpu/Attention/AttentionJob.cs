using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>Paged attention. One item is one head tile (query heads that share a KV head: all of them, or equal parts where they are many) of up to
/// <see cref="tileRows"/> rows (query positions times the tile's heads) of one sequence: their keys and values are read once for all of them.</summary>
/// <remarks>Tokens are taken in pieces of 64 and partitions of 256 at absolute positions. Within a partition a row's scores, their maximum, the sum of
/// exponentials (16 lanes by token, one tree) and the weighted values (one chain of multiply-adds by token) depend on the row alone; partitions are
/// merged in order. Tokens that a row does not see do not reach it: f32 products never multiply them, those of bf16 by 0 where they are finite. A NaN in an unused slot stays there.</remarks>
internal readonly unsafe partial struct AttentionJob<T> : IJob
    where T : unmanaged, ILanes<T>
{
    private const int Partition = AttentionScratch.Partition;
    private const int Piece = AttentionScratch.Piece;
    private const int ScoreStride = AttentionScratch.ScoreStride;

    // Up to here widening in registers for every few rows is cheaper than widening once into memory.
    private const int FewRows = 2 * AttentionEmitter.MaxRows;

    private const int BlockTokens = KvLayout.BlockTokens;

    private readonly ComputePool pool;
    private readonly float* output, query;
    private readonly KvCache cache;
    private readonly AttentionBatch batch;
    private readonly AttentionRule rule;
    private readonly int heads, group, splits, size, valueSize, padded, tilePositions, tileRows;
    private readonly EmittedAttention? emitted;
    private readonly bool rounds, usesTiles;

    /// <param name="rounding">What may be done where keys and values are bf16.</param>
    public AttentionJob(ComputePool pool, float* output, float* query, int heads, KvCache cache, AttentionBatch batch, AttentionRule rule, AttentionRounding rounding)
    {
        this.pool = pool;
        this.output = output;
        this.query = query;
        this.heads = heads;
        this.cache = cache;
        this.batch = batch;
        this.rule = rule;
        size = cache.Layout.HeadSize;
        padded = cache.Layout.PaddedHeadSize;
        emitted = T.HasEmittedTiles ? EmittedAttention.Of(cache.Layout) : null;
        valueSize = cache.Layout.ValueSize;
        rounds = rounding != AttentionRounding.None && cache.Layout.Type == DType.BF16 && !cache.Layout.IsLatent && AmxAttention.Has(padded) && AttentionScratch.Rows(padded, true) > 0;
        usesTiles = rounds && rounding == AttentionRounding.Tiles;
        int rows = AttentionScratch.Rows(padded, rounds);
        if (rows < 1) throw new QuireException(ErrorKind.NotSupported, $"attention heads of size {size} are too large for the CPU kernels");
        group = heads / cache.Layout.KvHeads;
        for (splits = 1; group % splits != 0 || group / splits > rows;) splits++;
        group /= splits;
        tilePositions = rows / group;
        tileRows = tilePositions * group;
    }

    /// <summary>Sequences times head tiles where every sequence has one row, else 0.</summary>
    public int SingleRowItems
    {
        get
        {
            int* starts = (int*)batch.QueryStart.Address;
            int sequences = (int)batch.SeqLens.Shape[0];
            for (int s = 0; s < sequences; s++)
                if (starts[s + 1] - starts[s] != 1) return 0;
            return sequences * HeadTiles;
        }
    }

    /// <summary>Floats of a partition's partial result.</summary>
    public int PartialFloats => group * AttentionPartials.PartialFloats(cache.Layout);

    /// <summary>Head tiles of a position.</summary>
    public int HeadTiles => cache.Layout.KvHeads * splits;

    /// <summary>A padding row has length 0.</summary>
    public bool IsPadding(int sequence) => ((int*)batch.SeqLens.Address)[sequence] == 0;

    /// <param name="item">Numbered by <see cref="Items"/>: sequences in order, then query tiles, then head tiles.</param>
    public void Run(int item, int worker)
    {
        int* starts = (int*)batch.QueryStart.Address;
        int headTiles = HeadTiles, sequence = 0;
        int headTile = item % headTiles, tile = item / headTiles;
        for (; ; sequence++)
        {
            int tiles = Tiles(starts[sequence + 1] - starts[sequence]);
            if (tile < tiles) break;
            tile -= tiles;
        }
        int first = starts[sequence] + (tile * tilePositions);
        int positions = Math.Min(tilePositions, starts[sequence + 1] - first);
        if (((int*)batch.SeqLens.Address)[sequence] == 0) Clear(first, positions, headTile);
        else Attend(sequence, first, positions, headTile, worker);
    }

    public int Items
    {
        get
        {
            int* starts = (int*)batch.QueryStart.Address;
            int tiles = 0;
            for (int s = 0; s < batch.SeqLens.Shape[0]; s++) tiles += Tiles(starts[s + 1] - starts[s]);
            return tiles * HeadTiles;
        }
    }

    private int Tiles(int queries) => (queries + tilePositions - 1) / tilePositions;

    private void Attend(int sequence, int first, int positions, int headTile, int worker)
    {
        int rows = positions * group;
        AttentionScratch scratch = AttentionScratch.Of(pool, worker, tileRows, padded, rounds);
        CopyQueries(first, rows, headTile, scratch);
        for (int row = 0; row < rows; row++) scratch.TotalMax[row] = float.NegativeInfinity;
        int firstPosition = ((int*)batch.Positions.Address)[first];
        int end = Highest(firstPosition + positions - 1, sequence);
        if (usesTiles) AmxTiles.ConfigureAttention();
        for (int start = Lowest(firstPosition) / Partition * Partition; start < end; start += Partition)
        {
            Attend(sequence, headTile, rows, firstPosition, start, Math.Min(end, start + Partition), scratch, scratch.Partial, scratch.Max, scratch.Sum);
            for (int row = 0; row < rows; row++)
                Merge(scratch.Total + (row * padded), ref scratch.TotalMax[row], ref scratch.TotalSum[row], scratch.Partial + (row * padded), scratch.Max[row], scratch.Sum[row]);
        }
        if (usesTiles) AmxTiles.Release();
        for (int row = 0; row < rows; row++)
            Write(Row(output, valueSize, first, row, headTile), scratch.Total + (row * padded), headTile, row, scratch.TotalMax[row], scratch.TotalSum[row]);
    }

    /// <summary>The numbers of one position of one head tile over one partition: what <see cref="AttentionPartitions{T}"/> spreads over threads.</summary>
    /// <param name="partial">[group][padded head size], then maxima and sums [group] each; written.</param>
    public void Attend(int sequence, int headTile, int partition, int worker, float* partial)
    {
        int first = ((int*)batch.QueryStart.Address)[sequence], position = ((int*)batch.Positions.Address)[first], start = partition * Partition;
        int end = Math.Min(Highest(position, sequence), start + Partition);
        AttentionScratch scratch = AttentionScratch.Of(pool, worker, tileRows, padded, rounds);
        float* max = partial + (group * padded);
        CopyQueries(first, group, headTile, scratch);
        if (!rounds)
        {
            Attend(sequence, headTile, group, position, start, end, scratch, partial, max, max + group);
            return;
        }
        if (usesTiles) AmxTiles.ConfigureAttention();
        Attend(sequence, headTile, group, position, start, end, scratch, scratch.Partial, max, max + group);
        if (usesTiles) AmxTiles.Release();
        Buffer.MemoryCopy(scratch.Partial, partial, group * padded * 4L, group * padded * 4L);
    }

    /// <summary>First partition that a sequence's only row sees, and the one after its last.</summary>
    public (int First, int End) Partitions(int sequence)
    {
        int position = ((int*)batch.Positions.Address)[((int*)batch.QueryStart.Address)[sequence]];
        return (Lowest(position) / Partition, ((Highest(position, sequence) - 1) / Partition) + 1);
    }

    /// <summary>Merges the partitions of one position and head tile in order, and writes the output.</summary>
    /// <param name="partials">One behind the other, <paramref name="stride"/> floats apart; the first is spent.</param>
    public void Merge(int sequence, int headTile, int count, float* partials, nint stride)
    {
        int first = ((int*)batch.QueryStart.Address)[sequence];
        for (int row = 0; row < group; row++)
        {
            float* total = partials + (row * padded);
            ref float max = ref partials[(group * padded) + row];
            ref float sum = ref partials[(group * padded) + group + row];
            for (int i = 1; i < count; i++)
            {
                float* partial = partials + (i * stride);
                Merge(total, ref max, ref sum, partial + (row * padded), partial[(group * padded) + row], partial[(group * padded) + group + row]);
            }
            Write(Row(output, valueSize, first, row, headTile), total, headTile, row, max, sum);
        }
    }

    private void CopyQueries(int first, int rows, int headTile, in AttentionScratch scratch)
    {
        for (int row = 0; row < rows; row++)
        {
            float* from = Row(query, size, first, row, headTile);
            if (rounds) KvBlocks<T>.Round(from, size, padded, scratch.RoundedQueries + (row * AttentionScratch.QueryStride(padded)));
            else Buffer.MemoryCopy(from, scratch.Queries + (row * padded), size * 4L, size * 4L);
        }
    }

    private void Attend(int sequence, int headTile, int rows, int firstPosition, int start, int end, in AttentionScratch scratch, float* partial, float* max, float* sum)
    {
        if (rounds)
        {
            AttendRounded(sequence, headTile, rows, firstPosition, start, end, scratch, partial, max, sum);
            return;
        }
        int* table = Table(sequence);
        Scores(scratch.Queries, rows, table, start, end, headTile, scratch.Scores, scratch.Wide);
        for (int row = 0; row < rows; row++)
            Exponentials(scratch.Scores + (row * ScoreStride), sequence, firstPosition + (row / group), start, end, Slope(headTile, row), out max[row], out sum[row]);
        WeightedValues(scratch.Scores, rows, sequence, firstPosition, table, start, end, headTile, partial, scratch.Wide);
    }

    private int* Table(int sequence) => (int*)batch.BlockTable.Address + (sequence * batch.BlockTable.Shape[1]);

    /// <summary>First position that a row at <paramref name="position"/> sees.</summary>
    private int Lowest(int position) => rule.IsChunked ? position / rule.Window * rule.Window : rule.Window > 0 ? Math.Max(0, position - rule.Window + 1) : 0;

    /// <summary>The position after the last one that a row at <paramref name="position"/> sees.</summary>
    private int Highest(int position, int sequence)
    {
        if (!rule.IsBidirectional) return position + 1;
        int length = ((int*)batch.SeqLens.Address)[sequence];
        return rule.Window > 0 ? Math.Min(length, position + rule.Window) : length;
    }

    private float* Row(float* rows, int columns, int first, int row, int headTile) =>
        rows + ((((long)(first + (row / group)) * heads) + (headTile * group) + (row % group)) * columns);

    private void Scores(float* queries, int rows, int* table, int start, int end, int headTile, float* scores, float* wide)
    {
        if (emitted is not null && rows <= FewRows)
        {
            for (int row = 0; row < rows; row += AttentionEmitter.MaxRows)
            {
                emitted.Scores(Math.Min(AttentionEmitter.MaxRows, rows - row), new AttentionArguments
                {
                    Table = table + (start / BlockTokens),
                    Cache = KvBlocks<T>.Keys(cache, 0, headTile / splits),
                    BlockBytes = (nint)cache.Blocks.Shape[1],
                    Rows = queries + (row * padded),
                    RowStride = padded * sizeof(float),
                    Sums = scores + (row * ScoreStride),
                    SumStride = ScoreStride * sizeof(float),
                    Count = (end - start + BlockTokens - 1) / BlockTokens,
                });
            }
            return;
        }
        new Span<float>(scores, rows * ScoreStride).Clear();
        for (int piece = start; piece < end; piece += Piece)
        {
            int blocks = (Math.Min(Piece, end - piece) + BlockTokens - 1) / BlockTokens;
            for (int b = 0; b < blocks; b++)
                KvBlocks<T>.WidenKeys(cache, table[(piece / BlockTokens) + b], headTile / splits, wide + (b * BlockTokens * padded));
            RowProducts<T>.Multiply(queries, padded, wide, BlockTokens * padded, scores + (piece - start), ScoreStride, rows, blocks, size);
        }
    }

    // Scores become exponentials; those of tokens that the row does not see become 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Exponentials(float* scores, int sequence, int position, int start, int end, float slope, out float max, out float sum)
    {
        int low = Math.Max(Lowest(position), start) - start, high = Math.Min(Highest(position, sequence), end) - start;
        int length = ((end - start) + BlockTokens - 1) / BlockTokens * BlockTokens;
        (max, sum) = (float.NegativeInfinity, 0);
        if (low >= high) return;
        for (int t = 0; t < low; t++) scores[t] = float.NegativeInfinity;
        for (int t = high; t < length; t++) scores[t] = float.NegativeInfinity;

        float* ordinals = stackalloc float[16];
        for (int i = 0; i < 16; i++) ordinals[i] = i;
        T lanes = T.Load(ordinals);
        T scale = T.Broadcast(rule.Scale), best = T.Broadcast(float.NegativeInfinity), lowest = T.Broadcast(float.MinValue), strange = T.Zero;
        for (int t = low / 16 * 16; t < high; t += 16)
        {
            T scaled = T.Load(scores + t) * scale;
            if (slope != 0) scaled = T.Fma(T.Broadcast(slope), T.Broadcast(start + t - position) + lanes, scaled);
            // NaN where a score is NaN or + infinity, which maxima and exponentials would lose.
            strange += scaled - T.Max(scaled, lowest);
            // Unseen tokens become -cap here, which no seen one is below: the maximum stays a seen token's.
            if (rule.Cap > 0) scaled = LaneMath.Cap(scaled, rule.Cap);
            T.Store(scores + t, scaled);
            best = T.Max(best, scaled);
        }
        max = T.MaxLane(best);
        if (float.IsNaN(T.Sum(strange)))
        {
            new Span<float>(scores + (low / 16 * 16), length - (low / 16 * 16)).Clear();
            (max, sum) = (0, float.NaN);
            return;
        }
        T shift = T.Broadcast(max), total = T.Zero;
        for (int t = low / 16 * 16; t < high; t += 16)
        {
            T.Store(scores + t, LaneMath.Exp(T.Load(scores + t) - shift));
            for (int i = t; i < low; i++) scores[i] = 0;
            for (int i = Math.Max(t, high); i < t + 16; i++) scores[i] = 0;
            total += T.Load(scores + t);
        }
        sum = T.Sum(total);
    }

    private void WeightedValues(float* weights, int rows, int sequence, int firstPosition, int* table, int start, int end, int headTile, float* partial, float* wide)
    {
        new Span<float>(partial, rows * padded).Clear();
        // Rows of one position see the same tokens: all of them if no window cuts the first.
        if (emitted is not null && !cache.Layout.IsLatent && rows == group && rows <= FewRows && Lowest(firstPosition) <= start)
        {
            for (int row = 0; row < rows; row += AttentionEmitter.MaxRows)
            {
                emitted.Values(Math.Min(AttentionEmitter.MaxRows, rows - row), padded, new AttentionArguments
                {
                    Table = table + (start / BlockTokens),
                    Cache = KvBlocks<T>.Values(cache, 0, headTile / splits),
                    BlockBytes = (nint)cache.Blocks.Shape[1],
                    Rows = weights + (row * ScoreStride),
                    RowStride = ScoreStride * sizeof(float),
                    Sums = partial + (row * padded),
                    SumStride = padded * sizeof(float),
                    Count = end - start,
                });
            }
            return;
        }
        for (int piece = start; piece < end; piece += Piece)
        {
            int length = Math.Min(Piece, end - piece);
            for (int b = 0; b * BlockTokens < length; b++)
                KvBlocks<T>.WidenValues(cache, table[(piece / BlockTokens) + b], headTile / splits, wide + (b * BlockTokens * 16), Piece * 16);
            // Neighbouring rows that see the same tokens of this piece are multiplied together.
            for (int row = 0; row < rows;)
            {
                (int low, int high) = Seen(sequence, firstPosition + (row / group), piece, length);
                int next = row + group;
                while (next < rows && Seen(sequence, firstPosition + (next / group), piece, length) == (low, high)) next += group;
                if (low < high)
                {
                    RowProducts<T>.Multiply(weights + (row * ScoreStride) + (piece - start) + low, ScoreStride, wide + (low * 16), Piece * 16,
                        partial + (row * padded), padded, next - row, cache.Layout.PaddedValueSize / 16, high - low);
                }
                row = next;
            }
        }
    }

    private (int Low, int High) Seen(int sequence, int position, int piece, int length) =>
        (Math.Max(0, Lowest(position) - piece), Math.Min(length, Highest(position, sequence) - piece));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Merge(float* total, ref float totalMax, ref float totalSum, float* partial, float max, float sum)
    {
        if (float.IsNegativeInfinity(max)) return;
        if (float.IsNegativeInfinity(totalMax))
        {
            (totalMax, totalSum) = (max, sum);
            Buffer.MemoryCopy(partial, total, padded * 4L, padded * 4L);
            return;
        }
        float both = Math.Max(totalMax, max);
        T old = LaneMath.Exp(T.Broadcast(totalMax - both)), added = LaneMath.Exp(T.Broadcast(max - both));
        for (int d = 0; d < padded; d += 16) T.Store(total + d, T.Fma(T.Load(total + d), old, T.Load(partial + d) * added));
        float* lanes = stackalloc float[16];
        T.Store(lanes, T.Fma(T.Broadcast(totalSum), old, T.Broadcast(sum) * added));
        (totalMax, totalSum) = (both, lanes[0]);
    }

    private float Slope(int headTile, int row) => rule.Slopes.IsEmpty ? 0 : ((float*)rule.Slopes.Address)[(headTile * group) + (row % group)];

    // The sink's share of the softmax's denominator.
    private float WithSink(int headTile, int row, float max, float sum)
    {
        if (rule.Sinks.IsEmpty) return sum;
        float* lanes = stackalloc float[16];
        T.Store(lanes, LaneMath.Exp(T.Broadcast(((float*)rule.Sinks.Address)[(headTile * group) + (row % group)] - max)));
        return sum + lanes[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(float* row, float* total, int headTile, int index, float max, float sum)
    {
        if (float.IsNegativeInfinity(max))
        {
            // All scores are - infinity, and total was never written. A sink takes all weight; without one there is no answer.
            new Span<float>(row, valueSize).Fill(rule.Sinks.IsEmpty ? float.NaN : 0);
            return;
        }
        T divisor = T.Broadcast(WithSink(headTile, index, max, sum));
        // Products of bf16 flush tiny sums to 0, whose sign depends on what else was 0.
        for (int d = 0; d < padded; d += 16) T.Store(total + d, (T.Load(total + d) / divisor) + T.Zero);
        Buffer.MemoryCopy(total, row, valueSize * 4L, valueSize * 4L);
    }

    /// <summary>Zeros for the only row of a padding sequence.</summary>
    public void Clear(int sequence, int headTile) => Clear(((int*)batch.QueryStart.Address)[sequence], 1, headTile);

    private void Clear(int first, int positions, int headTile)
    {
        for (int row = 0; row < positions * group; row++) new Span<float>(Row(output, valueSize, first, row, headTile), valueSize).Clear();
    }
}
