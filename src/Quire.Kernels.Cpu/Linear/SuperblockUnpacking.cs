using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A piece of a tile of <see cref="Superblocks"/> for integer products: groups of 16 as <see cref="Superblocks.Unpacked"/>; parts of groups of 32.</summary>
internal static unsafe class SuperblockUnpacking<T>
    where T : unmanaged, ILanes<T>
{
    private const int HeaderBytes = 2 * Packing.Columns * sizeof(float);

    /// <param name="first">First group of 32 inputs.</param>
    /// <param name="to">[groups] of { scales[2][16] f32, codes }, written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(PackedFormat format, byte* tile, int first, int groups, byte* to)
    {
        var layout = new Superblocks.Layout(format);
        bool isSix = format.Codes == CodeType.Bits6;
        T middle = T.Broadcast(128);
        for (int k = first * Packing.Group; k < (first + groups) * Packing.Group; k += Packing.Group, to += HeaderBytes + 512)
        {
            byte* superblock = layout.Start(tile, k), codes = layout.Codes(superblock, k);
            uint* words = (uint*)layout.Words(superblock, k);
            for (int line = 0; line < format.CodeBytes; line += 64) Fetching.Ahead(codes + Fetching.Distance + line);
            int shift = k % 64 / 2;
            T scale = T.WidenF16(Superblocks.Scale(superblock, 0));
            T.Store((float*)to, scale * (T.WidenBits(words, shift, 255) - middle));
            T.Store((float*)to + Packing.Columns, scale * (T.WidenBits(words, shift + 8, 255) - middle));
            byte* bytes = to + HeaderBytes;
            if (isSix) Unpack6(codes, bytes);
            else Unpack3(codes, bytes);
        }
    }

    /// <summary>What a group's bytes of scales and minima are multiplied by, the minima to be added: exact products of 11 and 6 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales32(byte* superblock, out T scale, out T minimum)
    {
        scale = T.WidenF16(Superblocks.Scale(superblock, 0));
        minimum = T.WidenF16(Superblocks.Minimum(superblock, 0)) * T.Broadcast(-1);
    }

    /// <param name="bytes">[512], written.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack5(byte* codes, byte* bytes)
    {
        Vector256<byte> fifteen = Vector256.Create((byte)0x0f), top = Vector256.Create((byte)0x10);
        for (int half = 0; half < 64; half += 32)
        {
            Vector256<ushort> tops = Vector256.Load(codes + 256 + half).AsUInt16();
            for (int i = 0; i < 4; i++, tops >>>= 2)
            {
                Vector256<byte> nibbles = Vector256.Load(codes + (64 * i) + half);
                ((nibbles & fifteen) | ((tops << 4).AsByte() & top)).Store(bytes + (128 * i) + half);
                (((nibbles.AsUInt16() >>> 4).AsByte() & fifteen) | ((tops << 3).AsByte() & top)).Store(bytes + (128 * i) + 64 + half);
            }
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
