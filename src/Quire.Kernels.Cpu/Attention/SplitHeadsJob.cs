using Quire.Kernels.Cpu.Norm;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>One item is some tokens: their [query | key | value] rows become normalised and rotated heads; keys and values go into the cache.</summary>
/// <param name="rowsPerItem">Of neighbouring tokens, which write to the same lines of a block.</param>
internal readonly unsafe struct SplitHeadsJob<T>(float* query, float* qkv, KvCache cache, AttentionBatch batch, HeadRule rule, int rows, int rowsPerItem) : IJob
    where T : unmanaged, ILanes<T>
{
    public void Run(int item, int worker)
    {
        int end = Math.Min(rows, (item + 1) * rowsPerItem);
        for (int row = item * rowsPerItem; row < end; row++) Split(row);
    }

    private void Split(int item)
    {
        int size = rule.HeadSize;
        float* row = qkv + ((long)item * (rule.Heads + (2 * rule.KvHeads)) * size);
        if (rule.Clip > 0) Clip(row, (rule.Heads + (2 * rule.KvHeads)) * size);
        float* rotary = RotaryPairs<T>.Row(rule.Rotary, ((int*)batch.Positions.Address)[item], out int half);

        // What is written last is on its way meanwhile.
        int slot = ((int*)batch.SlotMapping.Address)[item];
        for (int head = 0; head < rule.KvHeads && slot >= 0; head++) KvBlocks<T>.Fetch(cache, slot, head);
        float* to = query + ((long)item * rule.Heads * size);
        NormaliseAll(row, rule.QueryNorm, rule.Heads);
        for (int head = 0; head < rule.Heads; head++, row += size, to += size)
        {
            Prepare(row, head, rule.QueryNorm, rotary, half);
            if (!rule.QueryScale.IsEmpty) Scale(row, ((float*)rule.QueryScale.Address)[((int*)batch.Positions.Address)[item]]);
            Buffer.MemoryCopy(row, to, size * 4L, size * 4L);
        }

        if (slot < 0) return;
        float* values = row + ((long)rule.KvHeads * size);
        NormaliseAll(row, rule.KeyNorm, rule.KvHeads);
        for (int head = 0; head < rule.KvHeads; head++, row += size, values += size)
        {
            Prepare(row, head, rule.KeyNorm, rotary, half);
            KvBlocks<T>.Write(cache, slot, head, row, values);
        }
    }

    private void Scale(float* head, float factor)
    {
        for (int i = 0; i < rule.HeadSize; i++) head[i] *= factor;
    }

    private void Clip(float* row, int columns)
    {
        for (int i = 0; i < columns; i++) row[i] = Math.Clamp(row[i], -rule.Clip, rule.Clip);
    }

    // A vector longer than a head; a matrix has a row for each head.
    private bool IsForAllHeads(in NormWeight norm) => norm.Weight.Shape.Rank == 1 && norm.Weight.Shape.Count > rule.HeadSize;

    private void NormaliseAll(float* row, in NormWeight norm, int heads)
    {
        if (!norm.Weight.IsEmpty && IsForAllHeads(norm)) NormRow<T>.Apply(row, row, norm, heads * rule.HeadSize);
    }

    private void Prepare(float* head, int index, in NormWeight norm, float* rotary, int half)
    {
        bool normalise = !norm.Weight.IsEmpty && !IsForAllHeads(norm);
        if (normalise && !rule.NormAfterRotation) Normalise(head, index, norm);
        RotaryPairs<T>.Rotate(head, rotary, half);
        if (normalise && rule.NormAfterRotation) Normalise(head, index, norm);
    }

    private void Normalise(float* head, int index, in NormWeight norm) =>
        NormRow<T>.Apply(head, head, norm, rule.HeadSize, norm.Weight.Shape.Rank == 1 ? 0 : (long)index * rule.HeadSize);
}
