namespace Quire.Formats;

/// <summary>Types of GGUF metadata values, with the format's numbers.</summary>
public enum GgufValueType
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

internal static class GgufValueTypes
{
    public static bool IsKnown(this GgufValueType type) => type is >= GgufValueType.UInt8 and <= GgufValueType.Float64;

    /// <summary>Bytes of one value, or 0 where they vary (strings, arrays).</summary>
    public static int Size(this GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
        _ => 0,
    };

    public static bool IsInteger(this GgufValueType type) => type is not (GgufValueType.Float32 or GgufValueType.Float64
        or GgufValueType.Bool or GgufValueType.String or GgufValueType.Array);

    public static bool IsFloat(this GgufValueType type) => type is GgufValueType.Float32 or GgufValueType.Float64;
}
