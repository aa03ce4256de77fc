using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Packs matrices that give their codes (<see cref="CodedLayout"/>): the bits stay what they are.</summary>
internal static unsafe class CodePacking
{
    private const int HalfGroup = Packing.Group / 2;

    /// <summary>False for group sizes that no tile can have; such weights are kept as numbers.</summary>
    public static bool CanPack(CodedLayout coding, long inputs) =>
        coding.GroupSize >= inputs || coding.GroupSize % Packing.Group == 0 || coding.GroupSize == HalfGroup;

    public static PackedWeight Allocate(CodedLayout coding, long outputs, long inputs, Func<PackedFormat, ActivationScheme?, PackedFormat> layout)
    {
        NativeBuffer? levels = coding.Kind == CodeKind.Level ? LevelTable.Create(coding.Levels!) : null;
        CodeType codes = coding.Kind switch
        {
            CodeKind.Unsigned4 => CodeType.Bits4,
            CodeKind.Unsigned8 => CodeType.Bits8,
            CodeKind.Level => CodeType.Levels4,
            _ => CodeType.Float8,
        };
        int groupSize = coding.GroupSize >= inputs ? (int)PackedFormat.Padded(inputs) : coding.GroupSize;
        var format = new PackedFormat(codes, groupSize, coding.ScaleType, coding.HasZeros ? OffsetType.Zero : OffsetType.Middle, levels?.Address ?? 0, HasWholeLevels: levels is not null && LevelTable.AreWhole(coding.Levels!));
        return new PackedWeight(layout(format, coding.Activations), outputs, inputs) { Levels = levels, Factor = coding.Factor, InputOrder = coding.InputOrder, Scheme = coding.Activations };
    }

    public static void Pack(byte* tile, IWeightRows rows, long first, int count, PackedFormat format)
    {
        int inputs = (int)rows.Shape[1], groups = rows.Coding!.Groups(inputs);
        var codes = new byte[inputs];
        var scales = new float[groups];
        var zeros = new byte[groups];
        for (int column = 0; column < count; column++)
        {
            rows.ReadCodes(first + column, codes, scales, zeros);
            byte* header = tile;
            for (int start = 0; start < inputs; start += format.HeaderInputs)
            {
                for (int group = start; group < Math.Min(inputs, start + format.HeaderInputs); group += format.GroupSize)
                {
                    int lane = column + ((group - start) / format.GroupSize * Packing.Columns);
                    StoreScale(format.ScaleType, header, lane, scales[group / format.GroupSize]);
                    if (format.Offset == OffsetType.Zero) header[format.OffsetStart + lane] = zeros[group / format.GroupSize];
                }
                byte* at = header + format.HeaderBytes;
                for (int k = start; k < Math.Min(inputs, start + format.HeaderInputs); k += Packing.Group, at += format.CodeBytes)
                {
                    ReadOnlySpan<byte> group = codes.AsSpan(k, Math.Min(Packing.Group, inputs - k));
                    for (int i = 0; i < group.Length; i++)
                    {
                        if (!format.HasNibbles)
                        {
                            at[Packing.ByteOf8(column, i)] = group[i];
                            continue;
                        }
                        (int index, int shift) = Packing.Nibble(format.ByColumn, column, i);
                        at[index] |= (byte)(group[i] << shift);
                    }
                }
                header = at;
            }
        }
    }

    private static void StoreScale(DType type, byte* header, int lane, float scale)
    {
        switch (type)
        {
            case DType.F16: ((Half*)header)[lane] = (Half)scale; break;
            case DType.BF16: ((ushort*)header)[lane] = (ushort)(BitConverter.SingleToUInt32Bits(scale) >> 16); break;
            default: ((float*)header)[lane] = scale; break;
        }
    }
}
