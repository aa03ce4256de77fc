using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Kernels.Cpu.Emission;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>Attention of bf16: queries and weights (exponentials, at most 1) are rounded to bf16, as keys and values are kept; scores, sums and what is merged stay f32.</summary>
/// <remarks>A product, of tile registers or of vectors, takes whole blocks of tokens for all rows. Scores of tokens that a row does not see are dropped; their weights are 0, and what no row of the tile
/// sees is taken out of the values before. What one row sees and its neighbour does not is multiplied by 0, which changes no bit of finite numbers: where others come up, positions are multiplied one by one.</remarks>
internal readonly unsafe partial struct AttentionJob<T>
{
    private void AttendRounded(int sequence, int headTile, int rows, int firstPosition, int start, int end, in AttentionScratch scratch, float* partial, float* max, float* sum)
    {
        int* table = Table(sequence);
        byte** blocks = stackalloc byte*[(Partition / BlockTokens) + 1];
        int count = (end - start + BlockTokens - 1) / BlockTokens;
        byte* keys = KvBlocks<T>.Keys(cache, 0, headTile / splits);
        nint blockBytes = (nint)cache.Blocks.Shape[1];
        for (int b = 0; b < count; b++) blocks[b] = keys + (table[(start / BlockTokens) + b] * blockBytes);
        if (usesTiles) blocks[count] = NextKeys(sequence, headTile, end, blocks[count - 1]);
        var products = new RoundedAttentionArguments
        {
            Blocks = blocks,
            Rows = scratch.RoundedQueries,
            RowStride = AttentionScratch.QueryStride(padded) * sizeof(ushort),
            Sums = scratch.Scores,
            SumStride = ScoreStride * sizeof(float),
            Count = count,
        };
        if (usesTiles) AmxAttention.Scores(rows, padded, products);
        else DotAttention.Scores(rows, padded, products);
        for (int row = 0; row < rows; row++)
        {
            ushort* weights = scratch.Weights + (row * AttentionScratch.WeightStride);
            new Span<ushort>(weights, count * BlockTokens).Clear();
            int position = firstPosition + (row / group);
            float* scores = scratch.Scores + (row * ScoreStride);
            Exponentials(scores, sequence, position, start, end, Slope(headTile, row), out max[row], out sum[row]);
            int low = Math.Max(Lowest(position), start) - start, high = Math.Min(Highest(position, sequence), end) - start;
            Round(scores, low / 16 * 16, high, weights);
        }
        Values(sequence, headTile, firstPosition, rows, 0, start, end, scratch, partial);
        if (rows == group || AreFinite(partial, rows * padded)) return;
        for (int row = 0; row < rows; row += group)
        {
            Values(sequence, headTile, firstPosition + (row / group), group, row, start, end, scratch, scratch.Apart);
            Buffer.MemoryCopy(scratch.Apart, partial + (row * padded), group * padded * 4L, group * padded * 4L);
        }
    }

    // The keys that a thread reads after those of a head tile up to position `end`: threads go through items in order.
    private byte* NextKeys(int sequence, int headTile, int end, byte* unknown)
    {
        if (end % Partition == 0) return unknown;
        if (++headTile == HeadTiles) (sequence, headTile) = (sequence + 1, 0);
        int* starts = (int*)batch.QueryStart.Address;
        if (sequence == batch.SeqLens.Shape[0] || IsPadding(sequence) || starts[sequence] == starts[sequence + 1]) return unknown;
        int first = Lowest(((int*)batch.Positions.Address)[starts[sequence]]) / BlockTokens;
        return KvBlocks<T>.Keys(cache, Table(sequence)[first], headTile / splits);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Round(float* scores, int first, int end, ushort* weights)
    {
        for (int t = first; t < end; t += 16) T.StoreBf16(weights + t, T.Load(scores + t));
    }

    /// <summary>Values of all tokens that some of the rows see.</summary>
    /// <param name="position">Of the first row.</param>
    /// <param name="row">First row of the weights.</param>
    private void Values(int sequence, int headTile, int position, int rows, int row, int start, int end, in AttentionScratch scratch, float* values)
    {
        int low = Math.Max(Lowest(position), start), high = Math.Min(Highest(position + (rows / group) - 1, sequence), end);
        if (low >= high) return;
        int* table = Table(sequence);
        byte** blocks = stackalloc byte*[Partition / BlockTokens];
        int first = low / BlockTokens, count = ((high - 1) / BlockTokens) + 1 - first;
        byte* clean = scratch.CleanBlocks, all = KvBlocks<T>.Values(cache, 0, headTile / splits);
        nint blockBytes = (nint)cache.Blocks.Shape[1];
        for (int b = 0; b < count; b++)
        {
            blocks[b] = all + (table[first + b] * blockBytes);
            int token = (first + b) * BlockTokens;
            if (token >= low && token + BlockTokens <= high) continue;
            Clean(blocks[b], low - token, high - token, clean);
            blocks[b] = clean;
            clean += cache.Layout.HeadBytes;
        }
        var products = new RoundedAttentionArguments
        {
            Blocks = blocks,
            Rows = scratch.Weights + (row * AttentionScratch.WeightStride) + (first * BlockTokens) - start,
            RowStride = AttentionScratch.WeightStride * sizeof(ushort),
            Sums = values,
            SumStride = padded * sizeof(float),
            Count = count,
        };
        if (usesTiles) AmxAttention.Values(rows, padded, products);
        else DotAttention.Values(rows, padded, products);
    }

    /// <summary>A block's values, with 0 for tokens outside low .. high - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Clean(byte* values, int low, int high, byte* to)
    {
        int bytes = (int)cache.Layout.HeadBytes;
        for (int token = 0; token < BlockTokens; token += 2, values += 64, to += 64)
        {
            Vector512<uint> seen = Vector512.Create((token >= low && token < high ? 0x0000ffffu : 0) | (token + 1 >= low && token + 1 < high ? 0xffff0000u : 0));
            for (int tile = 0; tile < bytes; tile += AmxAttentionEmitter.TileBytes) (Vector512.Load((uint*)(values + tile)) & seen).Store((uint*)(to + tile));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AreFinite(float* values, int count)
    {
        T differences = T.Zero;
        for (int i = 0; i < count; i += 16) differences += T.Load(values + i) - T.Load(values + i);
        return T.Sum(differences) == 0;
    }
}
