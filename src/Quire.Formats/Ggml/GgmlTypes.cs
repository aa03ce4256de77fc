using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// Sizes of the ggml types: a row is a whole number of blocks of <see cref="BlockSize"/> elements, <see cref="BlockBytes"/> bytes each.
/// </summary>
public static class GgmlTypes
{
    /// <summary>True for the numbers of types that ggml has today, false for removed and unknown ones.</summary>
    public static bool IsKnown(this GgmlType type) => Layout(type) != default;

    /// <summary>Elements of one block; 1 for types that are not quantised in blocks.</summary>
    public static int BlockSize(this GgmlType type) => Known(type).Size;

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(this GgmlType type) => Known(type).Bytes;

    /// <summary>The element type whose values these are, or null for a block-quantised type.</summary>
    public static DType? ElementType(this GgmlType type) => type switch
    {
        GgmlType.F32 => DType.F32,
        GgmlType.F16 => DType.F16,
        GgmlType.BF16 => DType.BF16,
        GgmlType.F64 => DType.F64,
        GgmlType.I8 => DType.I8,
        GgmlType.I16 => DType.I16,
        GgmlType.I32 => DType.I32,
        GgmlType.I64 => DType.I64,
        _ => null,
    };

    private static (int Size, int Bytes) Known(GgmlType type) => Layout(type) is { Size: > 0 } layout
        ? layout
        : throw new ArgumentOutOfRangeException(nameof(type), type, "not a ggml type");

    private static (int Size, int Bytes) Layout(GgmlType type) => type switch
    {
        GgmlType.I8 => (1, 1),
        GgmlType.F16 or GgmlType.BF16 or GgmlType.I16 => (1, 2),
        GgmlType.F32 or GgmlType.I32 => (1, 4),
        GgmlType.F64 or GgmlType.I64 => (1, 8),
        GgmlType.Q4_0 or GgmlType.IQ4_NL => (32, 18),
        GgmlType.Q4_1 => (32, 20),
        GgmlType.Q5_0 => (32, 22),
        GgmlType.Q5_1 => (32, 24),
        GgmlType.Q8_0 => (32, 34),
        GgmlType.Q8_1 => (32, 36),
        GgmlType.MXFP4 => (32, 17),
        GgmlType.NVFP4 => (64, 36),
        GgmlType.Q1_0 => (128, 18),
        GgmlType.Q2_K => (256, 84),
        GgmlType.Q3_K or GgmlType.IQ3_S => (256, 110),
        GgmlType.Q4_K => (256, 144),
        GgmlType.Q5_K => (256, 176),
        GgmlType.Q6_K => (256, 210),
        GgmlType.Q8_K => (256, 292),
        GgmlType.IQ1_S => (256, 50),
        GgmlType.IQ1_M => (256, 56),
        GgmlType.IQ2_XXS or GgmlType.TQ2_0 => (256, 66),
        GgmlType.IQ2_XS => (256, 74),
        GgmlType.IQ2_S => (256, 82),
        GgmlType.IQ3_XXS => (256, 98),
        GgmlType.IQ4_XS => (256, 136),
        GgmlType.TQ1_0 => (256, 54),
        _ => default,
    };
}
