using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A piece of a tile of levels for integer products: the same scales, and the levels as bytes.</summary>
internal static unsafe class LevelUnpacking<T>
    where T : unmanaged, ILanes<T>
{
    private const int Line = 64;

    /// <summary>What a piece becomes.</summary>
    public static PackedFormat Unpacked(PackedFormat format) => new(CodeType.Bits8, format.GroupSize, format.ScaleType);

    /// <param name="format">One that has level bytes.</param>
    /// <param name="first">First group of 32 inputs.</param>
    /// <param name="to">[groups] of <see cref="Unpacked"/>, written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(PackedFormat format, byte* tile, int first, int groups, byte* to)
    {
        byte* table = (byte*)format.Levels + LevelTable.BytesOffset;
        int headerBytes = format.HeaderBytes, codeBytes = format.CodeBytes;
        byte* at = tile + ((nint)first * (headerBytes + codeBytes));
        for (int group = 0; group < groups; group++)
        {
            for (int line = 0; line < headerBytes + codeBytes; line += Line) Fetching.Ahead(at + Fetching.Distance + line);
            Unsafe.CopyBlockUnaligned(to, at, (uint)headerBytes);
            at += headerBytes;
            to += headerBytes;
            for (int vector = 0; vector < codeBytes; vector += Line, at += Line, to += 2 * Line) T.ChooseBytes(at, table, to, to + Line);
        }
    }
}
