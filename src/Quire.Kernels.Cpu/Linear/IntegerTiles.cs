using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Int8 activations times a coded tile of 16 columns, with what .NET has intrinsics for.</summary>
/// <remarks>The order of operations is the definition that emitted code follows too: dot products of 32 inputs, or of a run of groups of them, exactly, then by group
/// (of 32, or each of the two of 16) sum = fma(dot * weightScale, activationScale, sum), then sum = fma(minimum, activationScale * sum of activations, sum).</remarks>
internal static unsafe class IntegerTiles<T, TDots>
    where T : unmanaged, ILanes<T>
    where TDots : IDots<T>
{
    /// <summary>Scales and minima of one header, as they multiply.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadHeader(PackedFormat format, byte* header, out T scale, out T minimum)
    {
        scale = Widening<T>.Scales(format.ScaleType, header);
        minimum = format.Offset switch
        {
            OffsetType.Minimum => Widening<T>.Scales(format.ScaleType, header + format.OffsetStart),
            OffsetType.Zero => T.Zero - (T.WidenBytes(header + format.OffsetStart) * scale),
            _ => T.Zero,
        };
    }

    /// <summary>sums[row][lane] += the product of the rows of one block and one tile.</summary>
    /// <param name="tile">The tile's first header.</param>
    /// <param name="groups">Groups of 32 inputs.</param>
    /// <param name="activations">First record of the first row.</param>
    /// <param name="stride">Bytes between a row's groups.</param>
    /// <param name="rows">At most <see cref="ActivationRows.MaxBlockRows"/>.</param>
    /// <param name="runGroups">Groups whose dot products are added before they are scaled, from each header on.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(PackedFormat format, byte* tile, int groups, byte* activations, nint stride, int rows, int runGroups, float* sums)
    {
        if (format.GroupSize < Packing.Group)
        {
            MultiplyPairs(format, tile, groups, activations, stride, rows, sums);
            return;
        }
        if (format.IsSuperblocks)
        {
            MultiplySuperblocks(format, tile, groups, activations, stride, rows, sums);
            return;
        }
        byte* unpacked = stackalloc byte[PackedFormat.MaxRunGroups * Packing.Group * Packing.Columns];
        T* dots = stackalloc T[ActivationRows.MaxBlockRows];
        bool areNibbles = format.Codes == CodeType.Bits4, hasMinimum = format.Offset != OffsetType.Middle;
        int perHeader = format.GroupSize / Packing.Group, headerBytes = format.HeaderBytes, codeBytes = format.CodeBytes, middle = hasMinimum ? 0 : format.Middle;
        for (int g = 0; g < groups;)
        {
            ReadHeader(format, tile, out T scale, out T minimum);
            tile += headerBytes;
            for (int end = Math.Min(groups, g + perHeader), count; g < end; g += count, tile += count * codeBytes, activations += count * stride)
            {
                count = Math.Min(runGroups, end - g);
                // Not of a run: its lines would all be asked for at once, more than wait for memory together.
                for (int line = 0; line < codeBytes && runGroups == 1; line += 64) Fetching.Ahead(tile + Fetching.Distance + line);
                if (areNibbles && rows == 1)
                {
                    T dot = TDots.DotNibbles(tile, (ActivationGroup*)activations, middle);
                    for (int i = 1; i < count; i++) dot += TDots.DotNibbles(tile + (i * codeBytes), (ActivationGroup*)(activations + (i * stride)), middle);
                    *dots = dot;
                    Add(dots, scale, minimum, hasMinimum, activations, rows, sums);
                    continue;
                }
                byte* codes = tile;
                if (areNibbles)
                {
                    codes = unpacked;
                    for (int vector = 0; vector < 4 * count; vector++) T.UnpackNibbles(tile + (64 * vector), unpacked + (128 * vector), unpacked + (128 * vector) + 64);
                }
                TDots.Dot(codes, (ActivationGroup*)activations, count, rows, areNibbles, middle, dots);
                Add(dots, scale, minimum, hasMinimum, activations, rows, sums);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(T* dots, T scale, T minimum, bool hasMinimum, byte* activations, int rows, float* sums)
    {
        for (int row = 0; row < rows; row++)
        {
            var record = (ActivationGroup*)(activations + (row * ActivationGroup.Size));
            float* sum = sums + (row * OutputPanels.SumColumns);
            T value = T.Fma(dots[row] * scale, T.Broadcast(record->Scale), T.Load(sum));
            if (hasMinimum) value = T.Fma(minimum, T.Broadcast(record->ScaledSum), value);
            T.Store(sum, value);
        }
    }

    // Groups of 32 with scales of two levels; the tile begins with a superblock.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplySuperblocks(PackedFormat format, byte* tile, int groups, byte* activations, nint stride, int rows, float* sums)
    {
        byte* bytes = stackalloc byte[512];
        T* dots = stackalloc T[ActivationRows.MaxBlockRows];
        var layout = new Superblocks.Layout(format);
        T superScale = default, superMinimum = default;
        for (int k = 0; k < groups * Packing.Group; k += Packing.Group, activations += stride)
        {
            byte* superblock = layout.Start(tile, k), codes = layout.Codes(superblock, k), scales = layout.GroupScales(superblock, k);
            if (k % Superblocks.Inputs == 0) SuperblockUnpacking<T>.Scales32(superblock, out superScale, out superMinimum);
            for (int line = 0; line < format.CodeBytes; line += 64) Fetching.Ahead(codes + Fetching.Distance + line);
            if (format.Codes == CodeType.Super4 && rows == 1)
            {
                *dots = TDots.DotNibbles(codes, (ActivationGroup*)activations, 0);
            }
            else if (format.Codes == CodeType.Super4)
            {
                for (int vector = 0; vector < 4; vector++) T.UnpackNibbles(codes + (64 * vector), bytes + (128 * vector), bytes + (128 * vector) + 64);
                TDots.Dot(bytes, (ActivationGroup*)activations, 1, rows, areNibbles: true, 0, dots);
            }
            else
            {
                SuperblockUnpacking<T>.Unpack5(codes, bytes);
                TDots.Dot(bytes, (ActivationGroup*)activations, 1, rows, areNibbles: false, 0, dots);
            }
            Add(dots, superScale * T.WidenBytes(scales), superMinimum * T.WidenBytes(scales + Packing.Columns), hasMinimum: true, activations, rows, sums);
        }
    }

    // Groups of 16 in pairs, around 128.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyPairs(PackedFormat format, byte* tile, int groups, byte* activations, nint stride, int rows, float* sums)
    {
        const int half = 256;
        T* dots = stackalloc T[ActivationRows.MaxBlockRows];
        for (int g = 0; g < groups; g++, activations += stride, tile += format.HeaderBytes + format.CodeBytes)
        {
            for (int i = 0; i < 2; i++)
            {
                TDots.DotHalf(tile + format.HeaderBytes + (i * half), (ActivationGroup*)activations, i, rows, dots);
                T scale = Widening<T>.Scales(format.ScaleType, tile + (i * Packing.Columns * format.ScaleType.Size()));
                for (int row = 0; row < rows; row++)
                {
                    float* sum = sums + (row * OutputPanels.SumColumns);
                    float activation = ((ActivationGroup*)(activations + (row * ActivationGroup.Size)))->Scale;
                    T.Store(sum, T.Fma(dots[row] * scale, T.Broadcast(activation), T.Load(sum)));
                }
            }
        }
    }
}
