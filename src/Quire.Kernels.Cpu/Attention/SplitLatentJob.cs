using Quire.Kernels.Cpu.Norm;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>One item is one token: the rotated parts of its query heads, and its latent and shared rotated key, which go into the cache.</summary>
/// <param name="query">[tokens][heads][latent + rotated]; the rotated parts are written.</param>
/// <param name="rows">[tokens][heads][plain + rotated]</param>
/// <param name="latents">[tokens][latent + rotated]; spent.</param>
internal readonly unsafe struct SplitLatentJob<T>(float* query, float* rows, float* latents, int heads, KvCache cache, AttentionBatch batch, LatentRule rule) : IJob
    where T : unmanaged, ILanes<T>
{
    public void Run(int item, int worker)
    {
        int size = cache.Layout.HeadSize, rotated = size - rule.LatentSize, stored = rule.PlainSize + rotated;
        float* cosines = RotaryPairs<T>.Row(rule.Rotary, ((int*)batch.Positions.Address)[item], out int half);
        float* to = query + ((long)item * heads * size) + rule.LatentSize;
        float* from = rows + ((long)item * heads * stored) + rule.PlainSize;
        for (int head = 0; head < heads; head++, to += size, from += stored)
        {
            Buffer.MemoryCopy(from, to, rotated * 4L, rotated * 4L);
            RotaryPairs<T>.Rotate(to, cosines, half);
        }
        int slot = ((int*)batch.SlotMapping.Address)[item];
        if (slot < 0) return;
        float* latent = latents + ((long)item * size);
        if (!rule.LatentNorm.Weight.IsEmpty) NormRow<T>.Apply(latent, latent, rule.LatentNorm, rule.LatentSize);
        RotaryPairs<T>.Rotate(latent + rule.LatentSize, cosines, half);
        KvBlocks<T>.Write(cache, slot, 0, latent, null);
    }
}
