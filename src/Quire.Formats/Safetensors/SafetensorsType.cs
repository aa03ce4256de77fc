using Quire.Tensors;

namespace Quire.Formats;

/// <summary>An element type of the safetensors format.</summary>
/// <param name="Name">As the header spells it.</param>
/// <param name="Bits">Bits of one element; some types are smaller than a byte.</param>
/// <param name="Element">The tensor type that views these bytes, or null where there is none.</param>
public readonly record struct SafetensorsType(string Name, int Bits, DType? Element)
{
    /// <summary>The type of this name, or null where the format has no such type.</summary>
    public static SafetensorsType? Find(string name) => name switch
    {
        "F64" => new(name, 64, DType.F64),
        "F32" => new(name, 32, DType.F32),
        "F16" => new(name, 16, DType.F16),
        "BF16" => new(name, 16, DType.BF16),
        "F8_E4M3" => new(name, 8, DType.F8E4M3),
        "F8_E5M2" => new(name, 8, DType.F8E5M2),
        // An exponent alone: users read the byte and subtract 127.
        "F8_E8M0" => new(name, 8, DType.U8),
        "I64" => new(name, 64, DType.I64),
        "I32" => new(name, 32, DType.I32),
        "I16" => new(name, 16, DType.I16),
        "I8" => new(name, 8, DType.I8),
        "U64" => new(name, 64, DType.U64),
        "U32" => new(name, 32, DType.U32),
        "U16" => new(name, 16, DType.U16),
        "U8" => new(name, 8, DType.U8),
        "BOOL" => new(name, 8, DType.Bool),
        "C64" => new(name, 64, null),
        "F8_E4M3FNUZ" or "F8_E5M2FNUZ" => new(name, 8, null),
        "F6_E2M3" or "F6_E3M2" => new(name, 6, null),
        "F4" => new(name, 4, null),
        _ => null,
    };

    public override string ToString() => Name;
}
