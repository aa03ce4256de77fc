namespace Quire.Kernels.Cpu.Linear;

/// <summary>Tiles of ggml's superblocks with groups of 16 inputs, in no more bytes than their file has. 256 inputs are
/// { scales[16] f16, minima[16] f16 where there are minima, [4] of { words[16] u32, [2] of codes of 32 inputs } }.</summary>
/// <remarks>Byte i of a column's word is of group i of the 64 inputs behind it: with minima the group's scale in the low nibble and its minimum in the high one, else the group's
/// scale plus 128. Codes are planes of bits, low ones first; a plane of b bits has a vector of u32, one a column, for every 32 / b inputs, the first of them in the lowest bits.</remarks>
internal static unsafe class Superblocks
{
    public const int Inputs = 256;
    public const int Group = 16;

    private const int RunInputs = 64;
    private const int ScaleBytes = Packing.Columns * sizeof(ushort);
    private const int WordBytes = Packing.Columns * sizeof(uint);

    public static int Bytes(PackedFormat format) => HeaderBytes(format) + (Inputs / RunInputs * RunBytes(format));

    /// <summary>The scale and the minimum of superblocks, f16.</summary>
    public static ushort* Scale(byte* superblock, int column) => (ushort*)superblock + column;

    public static ushort* Minimum(byte* superblock, int column) => (ushort*)(superblock + ScaleBytes) + column;

    public static byte* Start(PackedFormat format, byte* tile, int k) => tile + ((long)(k / Inputs) * Bytes(format));

    /// <summary>The words of group scales that input k belongs to.</summary>
    public static byte* Words(PackedFormat format, byte* superblock, int k) => superblock + HeaderBytes(format) + (k % Inputs / RunInputs * RunBytes(format));

    /// <summary>The byte of a group's scale.</summary>
    public static byte* GroupScale(PackedFormat format, byte* superblock, int column, int k) =>
        Words(format, superblock, k) + (column * sizeof(uint)) + (k % RunInputs / Group);

    /// <summary>The codes of the 32 inputs that k belongs to, low bits first.</summary>
    public static byte* Codes(PackedFormat format, byte* superblock, int k) =>
        Words(format, superblock, k) + WordBytes + (k % RunInputs / Packing.Group * format.CodeBytes);

    /// <summary>Low and top bits of a code.</summary>
    public static (int Low, int Top) Planes(CodeType codes) => codes switch
    {
        CodeType.Bits2 => (2, 0),
        CodeType.Bits3 => (2, 1),
        _ => (4, 2),
    };

    /// <summary>Bytes of a plane of 32 inputs.</summary>
    public static int PlaneBytes(int bits) => bits * WordBytes;

    /// <summary>Adds an input's bits to a plane that is zero there.</summary>
    public static void Put(byte* plane, int bits, int column, int k, int value)
    {
        int bit = k * bits % 32;
        plane[ByteOf(bits, column, k)] |= (byte)(value << (bit % 8));
    }

    public static int Get(byte* plane, int bits, int column, int k) => (plane[ByteOf(bits, column, k)] >> (k * bits % 8)) & ((1 << bits) - 1);

    /// <summary>One value, as <see cref="SuperblockWidening{T}"/> gives it.</summary>
    public static float Element(PackedFormat format, byte* tile, int column, int k)
    {
        byte* superblock = Start(format, tile, k), codes = Codes(format, superblock, k);
        int group = *GroupScale(format, superblock, column, k);
        (int low, int top) = Planes(format.Codes);
        int code = Get(codes, low, column, k % Packing.Group);
        if (top > 0) code |= Get(codes + PlaneBytes(low), top, column, k % Packing.Group) << low;
        float scale = (float)BitConverter.UInt16BitsToHalf(*Scale(superblock, column));
        if (format.Offset != OffsetType.Minimum) return scale * (group - 128) * (code - format.Middle);
        return (scale * (group & 15) * code) - ((float)BitConverter.UInt16BitsToHalf(*Minimum(superblock, column)) * (group >> 4));
    }

    private static int HeaderBytes(PackedFormat format) => format.Offset == OffsetType.Minimum ? 2 * ScaleBytes : ScaleBytes;

    private static int RunBytes(PackedFormat format) => WordBytes + (RunInputs / Packing.Group * format.CodeBytes);

    private static int ByteOf(int bits, int column, int k) => (k * bits / 32 * WordBytes) + (column * sizeof(uint)) + (k * bits % 32 / 8);
}
