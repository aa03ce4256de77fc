using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>Packs an adapter's update of one product.</summary>
internal static unsafe class LoraPacking
{
    /// <param name="fallback">What f32 matrices are kept as.</param>
    public static CpuLora Pack(ComputePool pool, IReadOnlyList<LoraPart> parts, ReadOnlySpan<float> bias, PackedFormat fallback)
    {
        IWeightRows[] low = [.. parts.Where(part => part.A is not null).Select(part => part.A!)];
        IWeightRows? shrinks = low.Length switch
        {
            0 => null,
            1 => low[0],
            _ => new StackedRows(low),
        };
        ShrinkRows shrink = shrinks is null ? default : new ShrinkRows(0, ShrinkRows.Choose(shrinks, fallback.Codes), (int)shrinks.Shape[0], (int)shrinks.Shape[1]);
        NativeBuffer memory = Expand(pool, parts, fallback, shrink.Bytes);
        NativeBuffer? added = Copy(bias);
        var header = (LoraHeader*)memory.Address;
        if (added is not null) header->Bias = (float*)added.Address;
        if (shrinks is null) return new CpuLora(memory, null, added);
        header->Shrink = shrink with { Address = memory.Address + LoraHeader.Bytes(parts.Count) };
        header->Shrink.Fill(pool, shrinks);
        return new CpuLora(memory, null, added);
    }

    /// <summary>A table's update: A is looked up by id.</summary>
    /// <param name="table">[vocabulary, rank]</param>
    public static CpuLora PackTable(ComputePool pool, IWeightRows table, LoraPart part, PackedFormat fallback)
    {
        PackedWeight lookup = Packing.Pack(pool, table, fallback);
        return new CpuLora(Expand(pool, [part with { A = table }], fallback, 0), lookup, null);
    }

    // The header, room for A, and every part's B.
    private static NativeBuffer Expand(ComputePool pool, IReadOnlyList<LoraPart> parts, PackedFormat fallback, long shrinkBytes)
    {
        List<PackedWeight> tiles = [];
        try
        {
            foreach (LoraPart part in parts) tiles.Add(Packing.Pack(pool, new ScaledRows(part.B, part.Scale), fallback));
            // Each line of a tile is read at once.
            long at = LoraHeader.Bytes(parts.Count) + ((shrinkBytes + 63) / 64 * 64);
            var memory = new NativeBuffer(at + tiles.Sum(tile => tile.ByteCount));
            var header = (LoraHeader*)memory.Address;
            header->Parts = parts.Count;
            int rank = 0;
            for (int i = 0; i < parts.Count; at += tiles[i++].ByteCount)
            {
                PackedWeight from = tiles[i];
                Buffer.MemoryCopy((void*)from.Address, (byte*)memory.Address + at, memory.Length - at, from.ByteCount);
                LoraHeader.PartsOf(header)[i] = new LoraPlacedPart(new ExpandTiles(memory.Address + (nint)at, from.Format.Codes, (int)from.OutputFeatures, (int)from.InputFeatures, (nint)from.TileBytes), parts[i].A is null ? -1 : rank, parts[i].FirstOutput);
                rank += (int)(parts[i].A?.Shape[0] ?? 0);
            }
            return memory;
        }
        finally
        {
            tiles.ForEach(tile => tile.Dispose());
        }
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
