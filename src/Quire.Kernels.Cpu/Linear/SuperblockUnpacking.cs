using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A piece of a tile of <see cref="Superblocks"/> without minima as groups of bytes (<see cref="Superblocks.Unpacked"/>), for integer products.</summary>
internal static unsafe class SuperblockUnpacking<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>Bytes of 32 inputs: two vectors of scales, eight of codes.</summary>
    public const int GroupBytes = HeaderBytes + 512;

    private const int HeaderBytes = 2 * Packing.Columns * sizeof(float);

    /// <param name="first">First group of 32 inputs.</param>
    /// <param name="to">[groups] of { scales[2][16] f32, codes }, written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(PackedFormat format, byte* tile, int first, int groups, byte* to)
    {
        var layout = new Superblocks.Layout(format);
        bool isSix = format.Codes == CodeType.Bits6;
        T middle = T.Broadcast(128);
        for (int k = first * Packing.Group; k < (first + groups) * Packing.Group; k += Packing.Group, to += GroupBytes)
        {
            byte* superblock = layout.Start(tile, k), codes = layout.Codes(superblock, k);
            uint* words = (uint*)layout.Words(superblock, k);
            int shift = k % 64 / 2;
            T scale = T.WidenF16(Superblocks.Scale(superblock, 0));
            T.Store((float*)to, scale * (T.WidenBits(words, shift, 255) - middle));
            T.Store((float*)to + Packing.Columns, scale * (T.WidenBits(words, shift + 8, 255) - middle));
            byte* bytes = to + HeaderBytes;
            if (isSix) Unpack6(codes, bytes);
            else Unpack3(codes, bytes);
        }
    }

    // One quad of inputs is one vector, whatever the machine makes of it. The middle moves from 32 to 128.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack6(byte* codes, byte* bytes)
    {
        Vector512<byte> fifteen = Vector512.Create((byte)0x0f), top = Vector512.Create((byte)0x30), offset = Vector512.Create((byte)96);
        for (int half = 0; half < 2; half++, codes += 128, bytes += 256)
        {
            Vector512<byte> a = Vector512.Load(codes), b = Vector512.Load(codes + 64);
            Vector512<ushort> pairs = Vector512.Load(codes + 256 - (64 * half)).AsUInt16();
            (((a & fifteen) | ((pairs << 4).AsByte() & top)) + offset).Store(bytes);
            ((((a.AsUInt16() >>> 4).AsByte() & fifteen) | ((pairs << 2).AsByte() & top)) + offset).Store(bytes + 64);
            (((b & fifteen) | (pairs.AsByte() & top)) + offset).Store(bytes + 128);
            ((((b.AsUInt16() >>> 4).AsByte() & fifteen) | ((pairs >>> 2).AsByte() & top)) + offset).Store(bytes + 192);
        }
    }

    // The middle moves from 4 to 128.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack3(byte* codes, byte* bytes)
    {
        Vector512<byte> three = Vector512.Create((byte)0x03), top = Vector512.Create((byte)0x04), offset = Vector512.Create((byte)124);
        Vector512<ushort> tops = Vector512.Load(codes + 128).AsUInt16();
        for (int half = 0; half < 2; half++, codes += 64, bytes += 256, tops >>>= 4)
        {
            Vector512<ushort> pairs = Vector512.Load(codes).AsUInt16();
            (((pairs.AsByte() & three) | ((tops << 2).AsByte() & top)) + offset).Store(bytes);
            ((((pairs >>> 2).AsByte() & three) | ((tops << 1).AsByte() & top)) + offset).Store(bytes + 64);
            ((((pairs >>> 4).AsByte() & three) | (tops.AsByte() & top)) + offset).Store(bytes + 128);
            ((((pairs >>> 6).AsByte() & three) | ((tops >>> 1).AsByte() & top)) + offset).Store(bytes + 192);
        }
    }
}
