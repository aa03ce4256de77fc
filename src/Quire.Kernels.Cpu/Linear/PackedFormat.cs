using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>What a packed weight's elements are.</summary>
internal enum CodeType
{
    /// <summary>[N/16][K][16] f32.</summary>
    F32,

    /// <summary>[N/16][K/2][16][2] bf16; inputs up to a whole group are zero.</summary>
    BF16,

    /// <summary>[N/16][K/2][16][2] half precision.</summary>
    F16,

    /// <summary>Groups of 32 inputs as 4 vectors of 64 bytes: byte 4 c + i of vector j holds input 8 j + i of column c in its low nibble, input 8 j + 4 + i in its high one.</summary>
    Bits4,

    /// <summary>Groups of 32 inputs as 8 vectors of 64 bytes: byte 4 c + i of vector j holds input 4 j + i of column c.</summary>
    Bits8,

    /// <summary>Laid out as <see cref="Bits4"/>; a code chooses one of sixteen numbers.</summary>
    Levels4,

    /// <summary>Laid out as <see cref="Bits8"/>; codes are finite float8 e4m3fn numbers.</summary>
    Float8,

    /// <summary><see cref="Superblocks"/> of codes of 2 bits.</summary>
    Bits2,

    /// <summary><see cref="Superblocks"/> of codes of 3 bits: low two, top one.</summary>
    Bits3,

    /// <summary><see cref="Superblocks"/> of codes of 4 bits, which lie as <see cref="Bits4"/>.</summary>
    Super4,

    /// <summary><see cref="Superblocks"/> of codes of 5 bits: low four, top one.</summary>
    Bits5,

    /// <summary><see cref="Superblocks"/> of codes of 6 bits: low four, top two.</summary>
    Bits6,
}

/// <summary>What is taken from a code before scaling, or added after it.</summary>
internal enum OffsetType
{
    /// <summary>value = scale * (code - 8) of 4 bits, scale * (code - 128) of 8, scale * number of the other kinds.</summary>
    Middle,

    /// <summary>value = scale * code + minimum, rounded once; minima are stored behind the scales, in their type.</summary>
    Minimum,

    /// <summary>value = scale * (code - zero); zeros are bytes behind the scales.</summary>
    Zero,
}

/// <summary>How a packed weight keeps its numbers: tiles of 16 output features, each contiguous over all input features. Coded tiles are
/// [K / GroupSize] of { scales[16], minima or zeros[16], [GroupSize / 32] groups of codes }; codes of inputs past the last are multiplied by no input but 0. Groups of 16
/// come in pairs: { scales[2][16], minima or zeros[2][16], codes of 32 inputs }.</summary>
/// <param name="Codes">Elements.</param>
/// <param name="GroupSize">Inputs that share a scale, 16 or a multiple of 32; 0 without scales.</param>
/// <param name="ScaleType">F16, BF16 or F32.</param>
/// <param name="Offset">Meaning of code 0.</param>
/// <param name="Levels">Address of the <see cref="LevelTable"/> of <see cref="CodeType.Levels4"/>.</param>
/// <param name="ByColumn">Nibbles of a group of 32 inputs lie column by column, 16 bytes each: word i of a column holds inputs i, i + 8, i + 16 and i + 24, from the lowest bits on.</param>
/// <param name="HasWholeLevels">The levels are whole numbers of -128 .. 127.</param>
internal readonly record struct PackedFormat(CodeType Codes, int GroupSize = 0, DType ScaleType = DType.F16, OffsetType Offset = OffsetType.Middle, nint Levels = 0, bool ByColumn = false, bool HasWholeLevels = false)
{
    public static readonly PackedFormat F32 = new(CodeType.F32), BF16 = new(CodeType.BF16), F16 = new(CodeType.F16);

    public bool IsCoded => Codes > CodeType.F16;

    /// <summary>Rounded activations may be multiplied with the codes themselves.</summary>
    public bool HasIntegerProduct => !ByColumn && (GroupSize >= Packing.Group
        ? Codes is CodeType.Bits4 or CodeType.Bits8 or CodeType.Super4 or CodeType.Bits5
        : Offset == OffsetType.Middle && Codes is CodeType.Bits8 or CodeType.Bits3 or CodeType.Bits6) || HasLevelBytes;

    /// <summary>Levels are multiplied as bytes, which each piece is unpacked to.</summary>
    public bool HasLevelBytes => !ByColumn && HasWholeLevels && HeaderInputs == Packing.Group;

    /// <summary>Groups of 32 whose dot products with activations of one scale a row are added exactly, before they are scaled: at most <see cref="MaxRunGroups"/>, and never across a header.
    /// 1 where each group is scaled by itself.</summary>
    public int RunGroups => Offset == OffsetType.Middle && !IsSuperblocks && GroupSize > Packing.Group ? Math.Min(GroupSize / Packing.Group, MaxRunGroups) : 1;

    /// <summary>1024 products of 7 and 8 bits are whole numbers below 2^24, which f32 holds exactly.</summary>
    public const int MaxRunGroups = 32;

    /// <summary>Laid out as <see cref="Superblocks"/>.</summary>
    public bool IsSuperblocks => Codes >= CodeType.Bits2;

    /// <summary>Values are scale * code + minimum in one rounding, whatever the offset: what a zero or the middle takes away is a product that f32 holds exactly, as scales of 16 bits and powers of two leave room for.</summary>
    public bool IsAffine => Codes is CodeType.Bits4 or CodeType.Bits8 && (Offset != OffsetType.Zero || ScaleType != DType.F32);

    public bool HasNibbles => Codes is CodeType.Bits4 or CodeType.Levels4;

    /// <summary>Inputs under one header.</summary>
    public int HeaderInputs => Math.Max(GroupSize, Packing.Group);

    private int ScaleVectors => HeaderInputs / GroupSize;

    /// <summary>Bytes of the codes of 16 columns and 32 inputs.</summary>
    public int CodeBytes => Codes switch
    {
        CodeType.Bits2 => 128,
        CodeType.Bits3 => 192,
        CodeType.Bits4 or CodeType.Levels4 or CodeType.Super4 => 256,
        CodeType.Bits5 => 320,
        CodeType.Bits6 => 384,
        _ => 512,
    };

    /// <summary>Bytes of the minima or zeros from the start of a header.</summary>
    public int OffsetStart => Packing.Columns * ScaleType.Size() * ScaleVectors;

    public int HeaderBytes => OffsetStart + (Offset switch { OffsetType.Minimum => OffsetStart, OffsetType.Zero => Packing.Columns * ScaleVectors, _ => 0 });

    public int Middle => Codes switch { CodeType.Bits3 => 4, CodeType.Bits4 => 8, CodeType.Bits6 => 32, CodeType.Bits8 => 128, _ => 0 };

    /// <summary>Bytes of 16 output features.</summary>
    public long TileBytes(long inputs) => Codes switch
    {
        CodeType.F32 => inputs * Packing.Columns * 4,
        CodeType.BF16 => Padded(inputs) * Packing.Columns * 2,
        CodeType.F16 => (inputs + 1) / 2 * Packing.Columns * 4,
        _ when IsSuperblocks => inputs / Superblocks.Inputs * Superblocks.Bytes(this),
        _ => ((inputs + HeaderInputs - 1) / HeaderInputs * HeaderBytes) + (Padded(inputs) / Packing.Group * CodeBytes),
    };

    /// <summary>Inputs rounded up to whole groups of 32.</summary>
    public static long Padded(long inputs) => (inputs + Packing.Group - 1) / Packing.Group * Packing.Group;
}
