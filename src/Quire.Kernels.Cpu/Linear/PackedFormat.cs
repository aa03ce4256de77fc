using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>What a packed weight's elements are.</summary>
internal enum CodeType
{
    /// <summary>[N/16][K][16] f32.</summary>
    F32,

    /// <summary>[N/16][K/2][16][2] bf16.</summary>
    BF16,

    /// <summary>[N/16][K/2][16][2] half precision.</summary>
    F16,

    /// <summary>Groups of 32 inputs as 4 vectors of 64 bytes: byte 4 c + i of vector j holds input 8 j + i of column c in its low nibble, input 8 j + 4 + i in its high one.</summary>
    Bits4,

    /// <summary>Groups of 32 inputs as 8 vectors of 64 bytes: byte 4 c + i of vector j holds input 4 j + i of column c.</summary>
    Bits8,
}

/// <summary>What is taken from a code before scaling, or added after it.</summary>
internal enum OffsetType
{
    /// <summary>value = scale * (code - 8) of 4 bits, scale * (code - 128) of 8.</summary>
    Middle,

    /// <summary>value = scale * code + minimum, rounded once; minima are stored behind the scales, in their type.</summary>
    Minimum,

    /// <summary>value = scale * (code - zero); zeros are bytes behind the scales.</summary>
    Zero,
}

/// <summary>How a packed weight keeps its numbers: tiles of 16 output features, each contiguous over all input features. Coded tiles are
/// [K / GroupSize] of { scales[16], minima or zeros[16], [GroupSize / 32] groups of codes }; codes of inputs past the last mean 0.</summary>
/// <param name="Codes">Elements.</param>
/// <param name="GroupSize">Inputs that share a scale, a multiple of 32 or all; 0 without scales.</param>
/// <param name="ScaleType">F16, BF16 or F32.</param>
/// <param name="Offset">Meaning of code 0.</param>
internal readonly record struct PackedFormat(CodeType Codes, int GroupSize = 0, DType ScaleType = DType.F16, OffsetType Offset = OffsetType.Middle)
{
    public static readonly PackedFormat F32 = new(CodeType.F32), BF16 = new(CodeType.BF16), F16 = new(CodeType.F16);

    public bool IsCoded => Codes is CodeType.Bits4 or CodeType.Bits8;

    /// <summary>Bytes of the codes of 16 columns and 32 inputs.</summary>
    public int CodeBytes => Codes == CodeType.Bits4 ? 256 : 512;

    /// <summary>Bytes of the minima or zeros from the start of a header.</summary>
    public int OffsetStart => Packing.Columns * ScaleType.Size();

    public int HeaderBytes => OffsetStart + (Offset switch { OffsetType.Minimum => OffsetStart, OffsetType.Zero => Packing.Columns, _ => 0 });

    public int Middle => Codes == CodeType.Bits4 ? 8 : 128;

    /// <summary>Bytes of 16 output features.</summary>
    public long TileBytes(long inputs) => Codes switch
    {
        CodeType.F32 => inputs * Packing.Columns * 4,
        CodeType.BF16 or CodeType.F16 => (inputs + 1) / 2 * Packing.Columns * 4,
        _ => ((inputs + GroupSize - 1) / GroupSize * HeaderBytes) + (Padded(inputs) / Packing.Group * CodeBytes),
    };

    /// <summary>Inputs rounded up to whole groups of 32.</summary>
    public static long Padded(long inputs) => (inputs + Packing.Group - 1) / Packing.Group * Packing.Group;
}
