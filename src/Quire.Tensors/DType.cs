namespace Quire.Tensors;

/// <summary>Number formats of tensor elements. Block-quantised file formats are not element types: see <c>Quire.Formats</c>.</summary>
public enum DType
{
    F32,
    F16,
    BF16,
    F64,
    F8E4M3,
    F8E5M2,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    Bool,
}

public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.F8E4M3 or DType.F8E5M2 or DType.I8 or DType.U8 or DType.Bool => 1,
        DType.F16 or DType.BF16 or DType.I16 or DType.U16 => 2,
        DType.F32 or DType.I32 or DType.U32 => 4,
        DType.F64 or DType.I64 or DType.U64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
