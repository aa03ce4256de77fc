using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>Where a KV head's numbers lie inside a block, and the only code that reads or writes them.</summary>
/// <remarks>Keys f32 [headSize][16 tokens], bf16 [headSize/2][16 tokens][2]: sixteen tokens' scores are one vector.
/// Values f32 [headSize/16][16 tokens][16], bf16 [headSize/16][8 token pairs][16][2]. Float8 of both is as f32, four rows of 16 numbers interleaved. Head sizes are padded to a multiple of 16 with zeros.</remarks>
internal static unsafe class KvBlocks<T>
    where T : unmanaged, ILanes<T>
{
    private const int Tokens = KvLayout.BlockTokens;

    public static byte* Keys(in KvCache cache, int block, int head) =>
        (byte*)cache.Blocks.Address + (block * cache.Blocks.Shape[1]) + (2 * head * cache.Layout.HeadBytes);

    public static byte* Values(in KvCache cache, int block, int head) => Keys(cache, block, head) + cache.Layout.HeadBytes;

    /// <summary>Asks for the lines that a token's key and value are written to: all of a block's keys, and those of the token's values.</summary>
    public static void Fetch(in KvCache cache, int slot, int head)
    {
        byte* keys = Keys(cache, slot / Tokens, head), values = Values(cache, slot / Tokens, head);
        long bytes = cache.Layout.HeadBytes, perTile = bytes / (cache.Layout.PaddedHeadSize / 16);
        for (long line = 0; line < bytes; line += 64) Fetching.Ahead(keys + line);
        for (long tile = slot % Tokens * (perTile / Tokens) / 64 * 64; tile < bytes; tile += perTile) Fetching.Ahead(values + tile);
    }

    /// <summary>Writes one token's key and value. <paramref name="key"/> and <paramref name="value"/> have HeadSize elements; latents have no value of their own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(in KvCache cache, int slot, int head, float* key, float* value)
    {
        int block = slot / Tokens, token = slot % Tokens, size = cache.Layout.HeadSize, padded = cache.Layout.PaddedHeadSize;
        byte* keys = Keys(cache, block, head), values = Values(cache, block, head);
        if (cache.Layout.Type == DType.F32)
        {
            for (int d = 0; d < padded; d++)
            {
                ((float*)keys)[(d * Tokens) + token] = d < size ? key[d] : 0;
                if (value != null) ((float*)values)[(d / 16 * 16 * Tokens) + (token * 16) + (d % 16)] = d < size ? value[d] : 0;
            }
            return;
        }
        if (cache.Layout.Type == DType.F8E4M3)
        {
            float keyFactor = 1 / cache.Layout.KeyScale, valueFactor = 1 / cache.Layout.ValueScale;
            for (int d = 0; d < padded; d++)
            {
                keys[(d / 4 * 64) + (token * 4) + (d % 4)] = Float8.RoundE4M3(d < size ? key[d] * keyFactor : 0);
                if (value != null) values[(d / 16 * 256) + (token / 4 * 64) + (d % 16 * 4) + (token % 4)] = Float8.RoundE4M3(d < size ? value[d] * valueFactor : 0);
            }
            return;
        }
        ushort* rounded = stackalloc ushort[padded];
        Round(key, size, padded, rounded);
        uint* pairs = (uint*)keys + token;
        for (int d = 0; d < padded; d += 2, pairs += Tokens) *pairs = *(uint*)(rounded + d);
        if (value == null) return;
        Round(value, size, padded, rounded);
        ushort* to = (ushort*)values + (token / 2 * 32) + (token & 1);
        for (int d = 0; d < padded; d += 16, to += 16 * Tokens)
            for (int i = 0; i < 16; i++) to[2 * i] = rounded[d + i];
    }

    /// <summary>A head as bf16, zero past its size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(float* source, int size, int padded, ushort* rounded)
    {
        int d = 0;
        for (; d + 16 <= size; d += 16) T.StoreBf16(rounded + d, T.Load(source + d));
        for (; d < size; d++) rounded[d] = Packing.RoundToBf16(source[d]);
        for (; d < padded; d++) rounded[d] = 0;
    }

    /// <summary>Keys of one block as f32 [headSize][16].</summary>
    public static void WidenKeys(in KvCache cache, int block, int head, float* wide) =>
        WidenHead(Keys(cache, block, head), cache.Layout, cache.Layout.KeyScale, wide, cache.Layout.PaddedHeadSize, 0);

    /// <summary>Values of one block into a piece of several blocks: f32 [headSize/16][tokens of the piece][16].</summary>
    /// <param name="stride">Elements between two groups of 16 dimensions in <paramref name="wide"/>.</param>
    public static void WidenValues(in KvCache cache, int block, int head, float* wide, int stride)
    {
        if (cache.Layout.IsLatent) WidenLatents(cache, block, head, wide, stride);
        else WidenHead(Values(cache, block, head), cache.Layout, cache.Layout.ValueScale, wide, Tokens, stride);
    }

    // Latents lie as keys do, tokens side by side: turned, they lie as values.
    private static void WidenLatents(in KvCache cache, int block, int head, float* wide, int stride)
    {
        float* keys = stackalloc float[16 * Tokens];
        KvLayout part = cache.Layout with { HeadSize = 16 };
        byte* source = Keys(cache, block, head);
        for (int d = 0; d < cache.Layout.LatentSize; d += 16, source += part.HeadBytes, wide += stride)
        {
            WidenHead(source, part, part.KeyScale, keys, 16, 0);
            Transpose(keys, wide);
        }
    }

    // [16][16] numbers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* from, float* to)
    {
        for (int row = 0; row < 16; row += 4)
        {
            for (int column = 0; column < 16; column += 4)
            {
                float* a = from + (row * 16) + column, b = to + (column * 16) + row;
                if (Sse.IsSupported)
                {
                    Vector128<float> low01 = Sse.UnpackLow(Vector128.Load(a), Vector128.Load(a + 16)), high01 = Sse.UnpackHigh(Vector128.Load(a), Vector128.Load(a + 16));
                    Vector128<float> low23 = Sse.UnpackLow(Vector128.Load(a + 32), Vector128.Load(a + 48)), high23 = Sse.UnpackHigh(Vector128.Load(a + 32), Vector128.Load(a + 48));
                    Sse.MoveLowToHigh(low01, low23).Store(b);
                    Sse.MoveHighToLow(low23, low01).Store(b + 16);
                    Sse.MoveLowToHigh(high01, high23).Store(b + 32);
                    Sse.MoveHighToLow(high23, high01).Store(b + 48);
                    continue;
                }
                for (int i = 0; i < 4; i++)
                    for (int j = 0; j < 4; j++) b[(j * 16) + i] = a[(i * 16) + j];
            }
        }
    }

    // A head is rows of 16 numbers, in pairs of rows if bf16, in fours if float8; after each `run` rows the destination moves on by `stride`.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenHead(byte* source, in KvLayout layout, float factor, float* wide, int run, int stride)
    {
        int rows = layout.PaddedHeadSize;
        for (int start = 0; start < rows; start += run, wide += stride)
        {
            float* to = wide;
            if (layout.Type == DType.F32)
            {
                for (int row = 0; row < run; row++, source += 64, to += 16) T.Store(to, T.Load((float*)source));
            }
            else if (layout.Type == DType.F8E4M3)
            {
                T scale = T.Broadcast(factor);
                for (int row = 0; row < run; row += 4, source += 64, to += 64)
                {
                    uint* words = (uint*)source;
                    T.Store(to, T.WidenE4M3(words, 0) * scale);
                    T.Store(to + 16, T.WidenE4M3(words, 8) * scale);
                    T.Store(to + 32, T.WidenE4M3(words, 16) * scale);
                    T.Store(to + 48, T.WidenE4M3(words, 24) * scale);
                }
            }
            else
            {
                for (int row = 0; row < run; row += 2, source += 64, to += 32)
                {
                    T.WidenBf16Pairs((ushort*)source, out T even, out T odd);
                    T.Store(to, even);
                    T.Store(to + 16, odd);
                }
            }
        }
    }
}
