using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>Packs an adapter's update of one product.</summary>
internal static class LoraPacking
{
    /// <param name="fallback">What f32 matrices are kept as.</param>
    public static CpuLora Pack(ComputePool pool, IReadOnlyList<LoraPart> parts, ReadOnlySpan<float> bias, PackedFormat fallback)
    {
        List<IDisposable> made = [];
        try
        {
            IWeightRows[] shrinks = [.. parts.Where(part => part.A is not null).Select(part => part.A!)];
            ShrinkRows? shrink = shrinks.Length == 0 ? null : ShrinkRows.Pack(pool, shrinks.Length == 1 ? shrinks[0] : new StackedRows(shrinks), fallback.Codes);
            if (shrink is not null) made.Add(shrink);
            var packed = new CpuLoraPart[parts.Count];
            int rank = 0;
            for (int i = 0; i < packed.Length; i++)
            {
                PackedWeight expand = Packing.Pack(pool, new ScaledRows(parts[i].B, parts[i].Scale), fallback);
                made.Add(expand);
                packed[i] = new CpuLoraPart(expand, parts[i].A is null ? -1 : rank, parts[i].FirstOutput);
                rank += (int)(parts[i].A?.Shape[0] ?? 0);
            }
            return new CpuLora(shrink, null, packed, Copy(bias));
        }
        catch
        {
            made.ForEach(part => part.Dispose());
            throw;
        }
    }

    /// <summary>A table's update: A is looked up by id.</summary>
    /// <param name="table">[vocabulary, rank]</param>
    public static CpuLora PackTable(ComputePool pool, IWeightRows table, LoraPart part, PackedFormat fallback)
    {
        return new CpuLora(null, Packing.Pack(pool, table, fallback), [new CpuLoraPart(Packing.Pack(pool, new ScaledRows(part.B, part.Scale), fallback), 0, 0)], null);
    }

    private static NativeBuffer? Copy(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty) return null;
        var buffer = new NativeBuffer(values.Length * sizeof(float));
        values.CopyTo(buffer.Tensor(DType.F32, new Shape(values.Length)).AsSpan<float>());
        return buffer;
    }

    private sealed class ScaledRows(IWeightRows rows, float scale) : IWeightRows
    {
        public string Name => rows.Name;

        public Shape Shape => rows.Shape;

        public WeightFormat Format => scale == 1 && rows.Coding is null ? rows.Format : WeightFormat.Other;

        public void Read(long row, Span<float> values)
        {
            rows.Read(row, values);
            if (scale == 1) return;
            foreach (ref float value in values) value *= scale;
        }

        public ReadOnlySpan<byte> Raw(long row) => rows.Raw(row);
    }
}
