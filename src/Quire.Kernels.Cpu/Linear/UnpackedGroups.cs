using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Groups of 32 inputs of any coded tile in one form, for products in tile registers: { scales[16] f32, minima[16] f32 where there are any, codes }, codes
/// laid out as <see cref="CodeType.Bits8"/>: unsigned where there are minima, else signed with the middle taken off.</summary>
internal static class UnpackedGroups
{
    private const int CodeBytes = Packing.Group * Packing.Columns;

    /// <summary>Formats whose groups of 32 have one scale.</summary>
    public static bool Has(PackedFormat format) => format.HasIntegerProduct && format.GroupSize >= Packing.Group;

    public static int HeaderBytes(bool hasMinima) => (hasMinima ? 2 : 1) * Packing.Columns * sizeof(float);

    /// <summary>Bytes of a record.</summary>
    public static int Bytes(bool hasMinima) => HeaderBytes(hasMinima) + CodeBytes;
}

/// <inheritdoc cref="UnpackedGroups"/>
internal static unsafe class UnpackedGroups<T>
    where T : unmanaged, ILanes<T>
{
    private const int Columns = Packing.Columns;
    private const int FetchBytes = 4096;

    /// <param name="tile">The tile's first header.</param>
    /// <param name="first">First group of 32 inputs.</param>
    /// <param name="to">[groups] records, written.</param>
    public static void Unpack(PackedFormat format, byte* tile, int first, int groups, byte* to)
    {
        if (format.IsSuperblocks) UnpackSuperblocks(format, tile, first, groups, to);
        else UnpackCodes(format, tile, first, groups, to);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UnpackCodes(PackedFormat format, byte* tile, int first, int groups, byte* to)
    {
        int perHeader = format.GroupSize / Packing.Group;
        long headerStride = format.HeaderBytes + ((long)perHeader * format.CodeBytes);
        bool hasMinima = format.Offset != OffsetType.Middle, isFour = format.Codes == CodeType.Bits4;
        int headerBytes = UnpackedGroups.HeaderBytes(hasMinima), bytes = UnpackedGroups.Bytes(hasMinima);
        Vector512<byte> middle = Vector512.Create((byte)(hasMinima ? 0 : format.Middle));
        int codeBytes = format.CodeBytes, underHeader = first % perHeader;
        byte* header = tile + (first / perHeader * headerStride), codes = header + format.HeaderBytes + (underHeader * codeBytes);
        IntegerTiles<T, T>.ReadHeader(format, header, out T scale, out T minimum);
        for (int g = 0; g < groups; g++, to += bytes, codes += codeBytes, underHeader++)
        {
            if (underHeader == perHeader)
            {
                IntegerTiles<T, T>.ReadHeader(format, codes, out scale, out minimum);
                codes += format.HeaderBytes;
                underHeader = 0;
            }
            // Nothing else reads ahead across the rows that pass between two pieces.
            for (int line = 0; Sse.IsSupported && line < codeBytes + 64; line += 64) Sse.Prefetch0(codes + FetchBytes + line);
            T.Store((float*)to, scale);
            if (hasMinima) T.Store((float*)to + Columns, minimum);
            byte* at = to + headerBytes;
            if (isFour) UnpackNibbles(codes, at, middle);
            else for (int vector = 0; vector < 8; vector++) (Vector512.Load(codes + (64 * vector)) - middle).Store(at + (64 * vector));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UnpackSuperblocks(PackedFormat format, byte* tile, int first, int groups, byte* to)
    {
        var layout = new Superblocks.Layout(format);
        int headerBytes = UnpackedGroups.HeaderBytes(true), bytes = UnpackedGroups.Bytes(true);
        int codeBytes = format.CodeBytes;
        for (int k = first * Packing.Group; k < (first + groups) * Packing.Group; k += Packing.Group, to += bytes)
        {
            byte* superblock = layout.Start(tile, k), codes = layout.Codes(superblock, k), scales = layout.GroupScales(superblock, k);
            for (int line = 0; Sse.IsSupported && line < codeBytes + 64; line += 64) Sse.Prefetch0(codes + FetchBytes + line);
            SuperblockUnpacking<T>.Scales32(superblock, out T scale, out T minimum);
            T.Store((float*)to, scale * T.WidenBytes(scales));
            T.Store((float*)to + Columns, minimum * T.WidenBytes(scales + Columns));
            if (format.Codes == CodeType.Super4) UnpackNibbles(codes, to + headerBytes, default);
            else SuperblockUnpacking<T>.Unpack5(codes, to + headerBytes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UnpackNibbles(byte* codes, byte* to, Vector512<byte> middle)
    {
        Vector512<byte> fifteen = Vector512.Create((byte)15);
        for (int vector = 0; vector < 4; vector++, to += 128)
        {
            Vector512<byte> pair = Vector512.Load(codes + (64 * vector));
            ((pair & fifteen) - middle).Store(to);
            (((pair.AsUInt16() >>> 4).AsByte() & fifteen) - middle).Store(to + 64);
        }
    }
}
