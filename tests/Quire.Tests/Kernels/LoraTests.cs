using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

public sealed class LoraTests
{
    private const int Inputs = 70, Outputs = 133, Rows = 90;

    public static IEnumerable<TheoryDataRow<WeightFormat, int>> Cases =>
        from format in (WeightFormat[])[WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16]
        from rank in (int[])[1, 3, 8, 20]
        select new TheoryDataRow<WeightFormat, int>(format, rank);

    [Theory, MemberData(nameof(Cases))]
    public void Rows_get_their_own_adapters_update_whatever_stands_beside_them(WeightFormat format, int rank)
    {
        StoredMatrix a1 = new(format, rank, Inputs, 1), b1 = new(format, 50, rank, 2), a2 = new(format, rank + 1, Inputs, 3), b2 = new(format, 83, rank + 1, 4);
        var dense = new StoredMatrix(format, Outputs, Inputs, 5);
        float[] bias = KernelSets.Floats(6, Outputs), x = KernelSets.Floats(7, Rows * Inputs), y = KernelSets.Floats(8, Rows * Outputs);
        // Slot 0 is empty, slot 1 has two parts and leaves columns between them alone, slot 2 is no low-rank update.
        int[] slots = [.. Enumerable.Range(0, Rows).Select(row => (row / 3 % 4) - 1)];
        uint[]? first = null;
        foreach (KernelSet set in KernelSet.Available)
        {
            using var device = new CpuDevice(set, KernelSets.Pool);
            using PreparedLora two = device.PrepareLora([new LoraPart(a1, b1, 0, 0.5f), new LoraPart(a2, b2, 50, 2)], bias), whole = device.PrepareLora([new LoraPart(null, dense, 0, 1)], []);
            LoraSlots adapters = Slots(device, null, two, whole);
            uint[] together = Run(device, x, y, adapters, slots);
            Assert.Equal(first ??= together, together);
            foreach (int row in (int[])[5, 6, 89])
            {
                uint[] alone = Run(device, x[(row * Inputs)..((row + 1) * Inputs)], y[(row * Outputs)..((row + 1) * Outputs)], adapters, [slots[row]]);
                Assert.Equal(together[(row * Outputs)..((row + 1) * Outputs)], alone);
            }
        }
        for (int row = 0; row < Rows; row++)
        {
            for (int n = 0; n < Outputs; n++)
            {
                (double delta, double size) = slots[row] switch
                {
                    1 when n < 50 => Product(a1, b1, n, 0.5),
                    1 => Product(a2, b2, n - 50, 2),
                    2 => Dense(dense, n),
                    _ => (0, 0),
                };
                double added = slots[row] == 1 ? bias[n] : 0, expected = y[(row * Outputs) + n] + delta + added;
                Assert.Equal(expected, BitConverter.UInt32BitsToSingle(first![(row * Outputs) + n]), (size + Math.Abs(expected) + 1) * Inputs * 0.6e-7);
            }

            (double, double) Product(StoredMatrix a, StoredMatrix b, int n, double scale)
            {
                float[] factors = Row(b, n);
                double sum = 0, size = 0;
                for (int j = 0; j < factors.Length; j++)
                {
                    float[] weights = Row(a, j);
                    for (int k = 0; k < Inputs; k++)
                    {
                        double term = scale * factors[j] * weights[k] * x[(row * Inputs) + k];
                        (sum, size) = (sum + term, size + Math.Abs(term));
                    }
                }
                return (sum, size);
            }

            (double, double) Dense(StoredMatrix matrix, int n)
            {
                double[] terms = [.. Row(matrix, n).Select((w, k) => (double)w * x[(row * Inputs) + k])];
                return (terms.Sum(), terms.Sum(Math.Abs));
            }
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void An_update_within_the_next_operation_gives_the_bits_of_one_before_it(string set)
    {
        const int heads = 3, size = 16, columns = heads * 3 * size;
        List<NativeBuffer> owned = [];
        using var device = new CpuDevice(KernelSet.Named(set), KernelSets.Pool);
        using PreparedLora adapter = device.PrepareLora([new LoraPart(new StoredMatrix(WeightFormat.BF16, 8, Inputs, 1), new StoredMatrix(WeightFormat.BF16, columns, 8, 2), 0, 1)], []);
        LoraSlots adapters = Slots(device, adapter, null);
        Tensor input = KernelSets.Upload(owned, KernelSets.Floats(3, Rows * Inputs), DType.F32, new Shape(Rows, Inputs));
        Tensor slots = KernelSets.Upload(owned, [.. Enumerable.Range(0, Rows).Select(row => (row % 3) - 1)], DType.I32, new Shape(Rows));
        float[] stored = KernelSets.Floats(4, Rows * columns);
        foreach (bool isSplit in (bool[])[true, false]) Assert.Equal(After(isSplit, within: false), After(isSplit, within: true));
        owned.ForEach(buffer => buffer.Dispose());

        // Queries and the cache behind them, or gated columns.
        uint[] After(bool isSplit, bool within)
        {
            Tensor rows = KernelSets.Upload(owned, stored, DType.F32, new Shape(Rows, columns));
            LoraUpdate update = within ? new LoraUpdate(input, adapters, slots) : default;
            if (!within) device.Lora(rows, input, adapters, slots);
            if (!isSplit)
            {
                Tensor gated = KernelSets.Unwritten(owned, new Shape(Rows, columns / 2));
                device.GatedActivation(gated, rows, Activation.Silu, update: update);
                return KernelSets.Bits(gated);
            }
            var layout = new KvLayout(heads, size, DType.F32);
            int blocks = (Rows + 15) / 16;
            Tensor query = KernelSets.Unwritten(owned, new Shape(Rows, heads, size)), memory = KernelSets.Upload(owned, new byte[blocks * layout.BlockBytes], DType.U8, new Shape(blocks, layout.BlockBytes));
            Tensor Ints(int[] values) => KernelSets.Upload(owned, values, DType.I32, new Shape(values.Length));
            int[] places = [.. Enumerable.Range(0, Rows)];
            var batch = new AttentionBatch(Ints(places), Ints([0, Rows]), Ints([Rows]), KernelSets.Upload(owned, [.. Enumerable.Range(0, blocks)], DType.I32, new Shape(1, blocks)), Ints(places));
            device.SplitHeads(query, rows, new KvCache(memory, layout), batch, new HeadRule(heads, heads, size, default, default, default), update);
            return [.. KernelSets.Bits(query), .. memory.AsSpan<byte>().ToArray().Select(value => (uint)value)];
        }
    }

    [Fact]
    public void Slots_grow_are_replaced_and_emptied()
    {
        using var device = new CpuDevice(KernelSet.Available[0], KernelSets.Pool);
        using PreparedLora one = Update(1), other = Update(2);
        float[] x = KernelSets.Floats(3, Inputs), y = KernelSets.Floats(4, Outputs);
        LoraSlots slots = device.CreateLoraSlots();
        Assert.True(slots.IsEmpty);
        slots.Set(5, one);
        Assert.False(slots.IsEmpty);
        uint[] before = At(5);
        slots.Set(40, other);
        Assert.Equal(before, At(5));
        Assert.NotEqual(before, At(40));
        slots.Set(5, other);
        Assert.Equal(At(40), At(5));
        slots.Set(5, null);
        // Emptied, never set, and beyond the table.
        foreach (int slot in (int[])[-1, 5, 3, 1000]) Assert.Equal(y.Select(BitConverter.SingleToUInt32Bits), At(slot));
        Assert.False(slots.IsEmpty);
        slots.Set(40, null);
        Assert.True(slots.IsEmpty);

        PreparedLora Update(int seed) => device.PrepareLora([new LoraPart(new StoredMatrix(WeightFormat.BF16, 5, Inputs, seed), new StoredMatrix(WeightFormat.BF16, Outputs, 5, seed + 10), 0, 1)], []);
        uint[] At(int slot) => Run(device, x, y, slots, [slot]);
    }

    private static LoraSlots Slots(CpuDevice device, params PreparedLora?[] updates)
    {
        LoraSlots slots = device.CreateLoraSlots();
        for (int i = 0; i < updates.Length; i++) slots.Set(i, updates[i]);
        return slots;
    }

    private static float[] Row(StoredMatrix matrix, int row)
    {
        var values = new float[matrix.Shape[1]];
        matrix.Read(row, values);
        return values;
    }

    private static uint[] Run(CpuDevice device, float[] x, float[] y, LoraSlots adapters, int[] slots)
    {
        List<NativeBuffer> owned = [];
        Tensor output = KernelSets.Upload(owned, y, DType.F32, new Shape(slots.Length, Outputs));
        device.Lora(output, KernelSets.Upload(owned, x, DType.F32, new Shape(slots.Length, Inputs)), adapters, KernelSets.Upload(owned, slots, DType.I32, new Shape(slots.Length)));
        uint[] bits = KernelSets.Bits(output);
        owned.ForEach(buffer => buffer.Dispose());
        return bits;
    }
}
