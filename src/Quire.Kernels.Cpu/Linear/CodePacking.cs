using System.Runtime.InteropServices;
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
        // Codes past the last input of a group stay 0.
        var codes = new byte[PackedFormat.Padded(inputs)];
        var scales = new float[groups];
        var zeros = new byte[groups];
        for (int column = 0; column < count; column++)
        {
            rows.ReadCodes(first + column, codes.AsSpan(0, inputs), scales, zeros);
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
                    if (!format.HasNibbles) PackBytes(codes.AsSpan(k, Packing.Group), (uint*)at + column);
                    else if (format.ByColumn) PackColumn(codes.AsSpan(k, Packing.Group), at + (column * Packing.ColumnBytes));
                    else PackQuads(codes.AsSpan(k, Packing.Group), (uint*)at + column);
                }
                header = at;
            }
        }
    }

    private static void PackBytes(ReadOnlySpan<byte> codes, uint* to)
    {
        for (int i = 0; i < Packing.Group; i += 4, to += Packing.Columns) *to = MemoryMarshal.Read<uint>(codes[i..]);
    }

    // Four codes in the low nibbles of a word, the next four in the high ones.
    private static void PackQuads(ReadOnlySpan<byte> codes, uint* to)
    {
        for (int i = 0; i < Packing.Group; i += 8, to += Packing.Columns) *to = MemoryMarshal.Read<uint>(codes[i..]) | (MemoryMarshal.Read<uint>(codes[(i + 4)..]) << 4);
    }

    // Word i: codes i and i + 8 in its low byte, i + 16 and i + 24 in its high one.
    private static void PackColumn(ReadOnlySpan<byte> codes, byte* to)
    {
        for (int i = 0; i < 8; i++)
        {
            to[2 * i] = (byte)(codes[i] | (codes[i + 8] << 4));
            to[(2 * i) + 1] = (byte)(codes[i + 16] | (codes[i + 24] << 4));
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
