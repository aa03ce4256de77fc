using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Every packed layout of codes, also those that other readers than GGUF's fill: scales of any type, minima or zeros, groups of any multiple of 32, a last group that is short.</summary>
public sealed class PackedFormatTests
{
    private const int Inputs = 160, Outputs = 50, Rows = 13;

    public static IEnumerable<TheoryDataRow<string, int, bool>> Cases =>
        from bits in (int[])[4, 8]
        from offset in Enum.GetNames<OffsetType>()
        from byColumn in (bool[])[false, true]
        where bits == 4 || !byColumn
        select new TheoryDataRow<string, int, bool>(offset, bits, byColumn);

    [Theory, MemberData(nameof(Cases))]
    public void Products_and_rows_are_those_of_the_values_that_the_codes_mean(string offset, int bits, bool byColumn)
    {
        foreach (DType scaleType in (DType[])[DType.F16, DType.BF16, DType.F32])
        {
            foreach (int groupSize in (int[])[32, 64, Inputs])
            {
                var format = new PackedFormat(bits == 4 ? CodeType.Bits4 : CodeType.Bits8, groupSize, scaleType, Enum.Parse<OffsetType>(offset), ByColumn: byColumn);
                using PackedWeight weight = Fill(format, out float[] values);
                float[] x = KernelSets.Floats(3, Rows * Inputs);
                uint[]? int8 = null;
                foreach (KernelSet set in KernelSet.Available)
                {
                    Check(format, values, x, Run(set, weight, x, CpuActivations.F32), 0);
                    // Nibbles by column have no integer product.
                    if (byColumn) continue;
                    uint[] rounded = Run(set, weight, x, CpuActivations.Int8);
                    Assert.Equal(int8 ??= rounded, rounded);
                    // A code of the activations is off by at most half of a 127th of the group's largest, 1.
                    Check(format, values, x, rounded, 0.5 / 127);
                }
                Assert.Equal(values, Embedded(weight));
            }
        }
    }

    // Nibbles that do not lie by column are multiplied as they are.
    public static IEnumerable<TheoryDataRow<string, int, bool>> WidenedCases => Cases.Where(row => row.Data.Item2 == 8 || row.Data.Item3);

    [Theory, MemberData(nameof(WidenedCases))]
    public unsafe void Emitted_widening_rounds_the_values_to_bf16(string offset, int bits, bool byColumn)
    {
        Assert.SkipUnless(CpuFeatures.CanEmit && CpuFeatures.Avx512Bf16, "This CPU has no vcvtne2ps2bf16.");
        foreach (DType scaleType in (DType[])[DType.F16, DType.BF16, DType.F32])
        {
            foreach (int groupSize in (int[])[32, 64, Inputs])
            {
                var format = new PackedFormat(bits == 4 ? CodeType.Bits4 : CodeType.Bits8, groupSize, scaleType, Enum.Parse<OffsetType>(offset), ByColumn: byColumn);
                using PackedWeight weight = Fill(format, out float[] values);
                using var rounded = new NativeBuffer(Inputs * 16 * sizeof(ushort));
                foreach ((int first, int count) in (ReadOnlySpan<(int, int)>)[(0, Inputs), (64, 96), (128, 32), (32, 32)])
                {
                    for (int tile = 0; tile < weight.Tiles; tile++)
                    {
                        EmittedWidening.Of(format)!.Widen(format, (byte*)weight.Address + (tile * weight.TileBytes), first, count, (ushort*)rounded.Address);
                        for (int k = 0; k < count; k++)
                            for (int column = 0; column < 16 && (tile * 16) + column < Outputs; column++)
                                Assert.Equal(Packing.RoundToBf16(values[(((tile * 16) + column) * Inputs) + first + k]), ((ushort*)rounded.Address)[(k / 2 * 32) + (column * 2) + (k % 2)]);
                    }
                }
            }
        }
    }

    [Fact]
    public unsafe void Emitted_widening_of_float8_rounds_the_values_to_bf16()
    {
        Assert.SkipUnless(CpuFeatures.CanEmit && CpuFeatures.Avx512Bf16 && Avx512Vbmi.IsSupported, "This CPU has no vcvtne2ps2bf16, or no vpermb.");
        foreach (DType scaleType in (DType[])[DType.F16, DType.BF16, DType.F32])
        {
            foreach (int groupSize in (int[])[32, 128, 256])
            {
                var matrix = new RandomCodes(Outputs, 256, new CodedLayout(CodeKind.E4M3, groupSize, scaleType), groupSize);
                using PackedWeight weight = Packing.Pack(KernelSets.Pool, matrix, PackedFormat.F32);
                using var rounded = new NativeBuffer(256 * 16 * sizeof(ushort));
                for (int tile = 0; tile < weight.Tiles; tile++)
                {
                    EmittedWidening.Of(weight.Format)!.Widen(weight.Format, (byte*)weight.Address + (tile * weight.TileBytes), 0, 256, (ushort*)rounded.Address);
                    for (int k = 0; k < 256; k++)
                    {
                        for (int column = 0; column < 16 && (tile * 16) + column < Outputs; column++)
                        {
                            float value = Float8.WidenE4M3(matrix.Code((tile * 16) + column, k)) * matrix.Scale((tile * 16) + column, k / groupSize);
                            Assert.Equal(Packing.RoundToBf16(value), ((ushort*)rounded.Address)[(k / 2 * 32) + (column * 2) + (k % 2)]);
                        }
                    }
                }
            }
        }
    }

    public static IEnumerable<TheoryDataRow<string, int, int>> ColumnCases =>
        from offset in Enum.GetNames<OffsetType>().Append("Levels")
        from groupSize in (int[])[32, 64, 96, 128, 160, 288, 4096]
        from inputs in (int[])[32, 96, 160, 416, 1152, 1168]
        select new TheoryDataRow<string, int, int>(offset, groupSize, inputs);

    [Theory, MemberData(nameof(ColumnCases))]
    public void Nibbles_by_column_give_the_bits_of_nibbles_by_quad_for_every_number_of_rows(string offset, int groupSize, int inputs)
    {
        const int most = 35;
        OffsetType type = offset == "Levels" ? OffsetType.Middle : Enum.Parse<OffsetType>(offset);
        using NativeBuffer levels = LevelTable.Create([.. Enumerable.Range(0, 16).Select(i => (float)Math.Sinh(i - 7))]);
        var format = new PackedFormat(offset == "Levels" ? CodeType.Levels4 : CodeType.Bits4, Math.Min(groupSize, (int)PackedFormat.Padded(inputs)), DType.F16, type, offset == "Levels" ? levels.Address : 0);
        float[] x = KernelSets.Floats(4, most * inputs);
        foreach (KernelSet set in KernelSet.Available)
        {
            foreach (int outputs in (int[])[16, 50, 144])
            {
                using PackedWeight quads = Fill(format, outputs, inputs, out _), columns = Fill(format with { ByColumn = true }, outputs, inputs, out _);
                // Vectors of bf16 multiply the codes of quads, and nothing asks them for columns.
                if (set.HasFastBf16 && !set.HasTileRegisters) continue;
                uint[] expected = Run(set, quads, x, CpuActivations.BF16);
                foreach (int rows in (int[])[1, 2, 7, 15, 16, 17, 24, 32, 33, most])
                    Assert.Equal(expected[..(rows * outputs)], Run(set, columns, x[..(rows * inputs)], CpuActivations.BF16));
            }
        }
    }

    public static IEnumerable<TheoryDataRow<string>> FewRowCases => Enum.GetNames<OffsetType>().Append("Levels").Append("Float8").Select(kind => new TheoryDataRow<string>(kind));

    [Theory, MemberData(nameof(FewRowCases))]
    public void Few_rows_have_the_f32_bits_of_many_on_every_set(string kind)
    {
        const int most = 40;
        using NativeBuffer levels = LevelTable.Create([.. Enumerable.Range(0, 16).Select(i => (float)Math.Sinh(i - 7))]);
        CodeType[] codes = kind switch { "Levels" => [CodeType.Levels4], "Float8" => [CodeType.Float8], _ => [CodeType.Bits4, CodeType.Bits8] };
        foreach ((CodeType code, DType scaleType, int groupSize, int inputs) in
            from code in codes
            from scaleType in (DType[])[DType.F16, DType.BF16, DType.F32]
            from groupSize in (int[])[32, 96, 4096]
            from inputs in (int[])[16, 32, 304, 416]
            select (code, scaleType, groupSize, inputs))
        {
            OffsetType offset = kind is "Levels" or "Float8" ? OffsetType.Middle : Enum.Parse<OffsetType>(kind);
            var format = new PackedFormat(code, Math.Min(groupSize, (int)PackedFormat.Padded(inputs)), scaleType, offset, code == CodeType.Levels4 ? levels.Address : 0);
            using PackedWeight weight = Fill(format, Outputs, inputs, out _);
            float[] x = KernelSets.Floats(4, most * inputs);
            uint[]? expected = null;
            foreach (KernelSet set in KernelSet.Available)
            {
                uint[] many = Run(set, weight, x, CpuActivations.F32);
                Assert.Equal(expected ??= many, many);
                for (int rows = 1; rows <= 13; rows++) Assert.Equal(expected[..(rows * Outputs)], Run(set, weight, x[..(rows * inputs)], CpuActivations.F32));
            }
        }
    }

    [Fact]
    public void Nibbles_lie_by_column_where_tile_registers_multiply_bf16()
    {
        var nibbles = new PackedFormat(CodeType.Bits4, 32);
        foreach (KernelSet set in KernelSet.Available)
        {
            foreach (CpuActivations activations in Enum.GetValues<CpuActivations>())
            {
                using var products = new Products(set, KernelSets.Pool, activations);
                Assert.Equal(set.HasTileRegisters && activations == CpuActivations.BF16, products.Layout(nibbles, null).ByColumn);
                Assert.False(products.Layout(nibbles with { Codes = CodeType.Bits8 }, null).ByColumn);
                Assert.False(products.Layout(nibbles with { GroupSize = 16 }, null).ByColumn);
            }
        }
    }

    private static void Check(PackedFormat format, float[] values, float[] x, uint[] actual, double activationError)
    {
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Outputs; column++)
            {
                double sum = 0, tolerance = 0;
                for (int k = 0; k < Inputs; k++)
                {
                    double term = (double)x[(row * Inputs) + k] * values[(column * Inputs) + k];
                    sum += term;
                    // One rounding a term. Rounded activations bring their own error, and zeros and minima apart from codes up to 255 scales as large.
                    tolerance += Inputs * 0.6e-7 * Math.Abs(term);
                    if (activationError > 0) tolerance += (Inputs * 0.6e-7 * 0.05 * 255) + (activationError * Math.Abs(values[(column * Inputs) + k]));
                }
                Assert.True(Math.Abs(sum - BitConverter.UInt32BitsToSingle(actual[(row * Outputs) + column])) <= tolerance, $"{format} [{row}, {column}]");
            }
        }
    }

    private static uint[] Run(KernelSet set, PackedWeight weight, float[] x, CpuActivations activations)
    {
        List<NativeBuffer> owned = [];
        using var device = new CpuDevice(set, KernelSets.Pool, DType.F32, activations);
        long rows = x.Length / weight.InputFeatures;
        Tensor output = KernelSets.Unwritten(owned, new Shape(rows, weight.OutputFeatures));
        device.Linear(output, KernelSets.Upload(owned, x, DType.F32, new Shape(rows, weight.InputFeatures)), weight, default);
        uint[] bits = KernelSets.Bits(output);
        owned.ForEach(buffer => buffer.Dispose());
        return bits;
    }

    private static float[] Embedded(PackedWeight weight)
    {
        List<NativeBuffer> owned = [];
        using CpuDevice device = KernelSets.Device("portable");
        Tensor rows = KernelSets.Unwritten(owned, new Shape(Outputs, Inputs));
        device.Embed(rows, KernelSets.Upload(owned, Enumerable.Range(0, Outputs).ToArray(), DType.I32, new Shape(Outputs)), weight, 1);
        float[] values = rows.AsSpan<float>().ToArray();
        owned.ForEach(buffer => buffer.Dispose());
        return values;
    }

    // The layout as its documentation says it, and the value of every code.
    private static PackedWeight Fill(PackedFormat format, out float[] values) => Fill(format, Outputs, Inputs, out values);

    private static unsafe PackedWeight Fill(PackedFormat format, int outputs, int inputs, out float[] values)
    {
        var weight = new PackedWeight(format, outputs, inputs);
        var random = new Random(8);
        values = new float[outputs * inputs];
        int bits = format.HasNibbles ? 4 : 8;
        for (int column = 0; column < outputs; column++)
        {
            byte* at = (byte*)weight.Address + (column / 16 * weight.TileBytes);
            for (int first = 0; first < inputs; first += format.GroupSize)
            {
                float scale = Store(format.ScaleType, at, column % 16, (float)((random.NextDouble() + 0.1) * 0.04));
                float minimum = 0;
                int zero = bits == 4 ? 8 : 128;
                if (format.Offset == OffsetType.Minimum) minimum = Store(format.ScaleType, at + format.OffsetStart, column % 16, (float)(random.NextDouble() - 0.5));
                if (format.Offset == OffsetType.Zero) at[format.OffsetStart + (column % 16)] = (byte)(zero = random.Next(1 << bits));
                byte* codes = at + format.HeaderBytes;
                int end = Math.Min(inputs, first + format.GroupSize);
                for (int k = first; k < end; k++)
                {
                    // Of float8 the highest exponent's last code is no number.
                    int code = random.Next(format.Codes == CodeType.Float8 ? 0x7f : 1 << bits), inGroup = (k - first) % 32;
                    byte* group = codes + ((k - first) / 32 * format.CodeBytes);
                    if (format.ByColumn) ((ushort*)group)[(column % 16 * 8) + (inGroup % 8)] |= (ushort)(code << (inGroup / 8 * 4));
                    else if (bits == 4) group[(inGroup / 8 * 64) + (column % 16 * 4) + (inGroup % 4)] |= (byte)(code << (inGroup % 8 / 4 * 4));
                    else group[(inGroup / 4 * 64) + (column % 16 * 4) + (inGroup % 4)] = (byte)code;
                    values[(column * inputs) + k] = format.Offset == OffsetType.Minimum ? MathF.FusedMultiplyAdd(scale, code, minimum) : scale * (code - zero);
                }
                at = codes + ((end - first) / 32 * format.CodeBytes);
            }
        }
        return weight;
    }

    private static unsafe float Store(DType type, byte* at, int column, float value)
    {
        switch (type)
        {
            case DType.F16:
                ((Half*)at)[column] = (Half)value;
                return (float)(Half)value;
            case DType.BF16:
                ushort rounded = ((ushort*)at)[column] = Packing.RoundToBf16(value);
                return BitConverter.UInt32BitsToSingle((uint)rounded << 16);
            default:
                return ((float*)at)[column] = value;
        }
    }
}
