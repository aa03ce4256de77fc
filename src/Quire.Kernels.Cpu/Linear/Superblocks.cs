using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Tiles of ggml's superblocks, in hardly more bytes than their file has. 256 inputs are
/// { scales[16] f16, minima[16] f16 where there are minima, [4] of { words[16] u32, [2] of codes of 32 inputs } }.</summary>
/// <remarks>Words are the scales of the 64 inputs behind them. Of groups of 16, byte i of a column's word is of group i: with minima the group's scale in the low nibble and its minimum in the high one, else the group's
/// scale plus 128. Of groups of 32, the 64 bytes are [2] of { scales[16], minima[16] }. Codes are planes of bits, low ones first. A plane of b bits has a vector of u32, one a column, for every 32 / b inputs: four inputs in the lowest bits of its bytes, the next four above them.</remarks>
internal static unsafe class Superblocks
{
    public const int Inputs = 256;
    public const int Group = 16;

    /// <summary>What integer products see of groups of 16: bytes of the same numbers, and scales as numbers.</summary>
    public static readonly PackedFormat Unpacked = new(CodeType.Bits8, Group, DType.F32);

    /// <summary>Inputs that share words.</summary>
    public const int RunInputs = 64;

    public const int WordBytes = Packing.Columns * sizeof(uint);

    private const int ScaleBytes = Packing.Columns * sizeof(ushort);

    public static int Bytes(PackedFormat format) => new Layout(format).Bytes;

    /// <summary>Where the parts of a format's superblocks lie: computed once, outside loops.</summary>
    public readonly struct Layout(PackedFormat format)
    {
        private readonly int header = format.Offset == OffsetType.Minimum ? 2 * ScaleBytes : ScaleBytes;
        private readonly int codeBytes = format.CodeBytes;
        private readonly int run = WordBytes + (RunInputs / Packing.Group * format.CodeBytes);

        public int Bytes => header + (Inputs / RunInputs * run);

        /// <summary>The superblock of input k.</summary>
        public byte* Start(byte* tile, int k) => tile + ((long)(k / Inputs) * Bytes);

        /// <summary>The words of group scales that input k belongs to.</summary>
        public byte* Words(byte* superblock, int k) => superblock + header + (k % Inputs / RunInputs * run);

        /// <summary>The byte of the scale of a group of 16.</summary>
        public byte* GroupScale(byte* superblock, int column, int k) => Words(superblock, k) + (column * sizeof(uint)) + (k % RunInputs / Group);

        /// <summary>The scales of a group of 32, [16] bytes; its minima follow.</summary>
        public byte* GroupScales(byte* superblock, int k) => Words(superblock, k) + (k % RunInputs / Packing.Group * 2 * Packing.Columns);

        /// <summary>The codes of the 32 inputs that k belongs to, low bits first.</summary>
        public byte* Codes(byte* superblock, int k) => Words(superblock, k) + WordBytes + (k % RunInputs / Packing.Group * codeBytes);
    }

    /// <summary>The scale of superblocks, f16.</summary>
    public static ushort* Scale(byte* superblock, int column) => (ushort*)superblock + column;

    /// <summary>The minimum of superblocks, f16.</summary>
    public static ushort* Minimum(byte* superblock, int column) => (ushort*)(superblock + ScaleBytes) + column;

    /// <summary>Low and top bits of a code.</summary>
    public static (int Low, int Top) Planes(CodeType codes) => codes switch
    {
        CodeType.Bits2 => (2, 0),
        CodeType.Bits3 => (2, 1),
        CodeType.Super4 => (4, 0),
        CodeType.Bits5 => (4, 1),
        _ => (4, 2),
    };

    /// <summary>Bytes of a plane of 32 inputs.</summary>
    public static int PlaneBytes(int bits) => bits * WordBytes;

    /// <summary>Adds an input's bits to a plane that is zero there.</summary>
    public static void Put(byte* plane, int bits, int column, int k, int value) => plane[ByteOf(bits, column, k)] |= (byte)(value << ShiftOf(bits, k));

    public static int Get(byte* plane, int bits, int column, int k) => (plane[ByteOf(bits, column, k)] >> ShiftOf(bits, k)) & ((1 << bits) - 1);

    /// <summary>One value, as <see cref="SuperblockWidening{T}"/> gives it.</summary>
    public static float Element(PackedFormat format, byte* tile, int column, int k)
    {
        var layout = new Layout(format);
        byte* superblock = layout.Start(tile, k), codes = layout.Codes(superblock, k);
        (int low, int top) = Planes(format.Codes);
        int code = Get(codes, low, column, k % Packing.Group);
        if (top > 0) code |= Get(codes + PlaneBytes(low), top, column, k % Packing.Group) << low;
        float scale = (float)BitConverter.UInt16BitsToHalf(*Scale(superblock, column));
        float minimum = format.Offset == OffsetType.Minimum ? (float)BitConverter.UInt16BitsToHalf(*Minimum(superblock, column)) : 0;
        if (format.GroupSize == Packing.Group)
        {
            byte* scales = layout.GroupScales(superblock, k);
            return (scale * scales[column] * code) - (minimum * scales[Packing.Columns + column]);
        }
        int group = *layout.GroupScale(superblock, column, k);
        return format.Offset == OffsetType.Minimum ? (scale * (group & 15) * code) - (minimum * (group >> 4)) : scale * (group - 128) * (code - format.Middle);
    }

    private static int ByteOf(int bits, int column, int k) => (k * bits / 32 * WordBytes) + (column * sizeof(uint)) + (k % 4);

    private static int ShiftOf(int bits, int k) => k / 4 * bits % 8;
}
