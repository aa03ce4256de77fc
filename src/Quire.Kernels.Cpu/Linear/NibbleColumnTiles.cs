using System.Collections.Concurrent;
using Quire.Kernels.Cpu.Emission;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Tiles of nibbles by column, cut into the chunks of <see cref="NibbleColumnEmitter"/>, which are assembled when first needed.</summary>
internal sealed unsafe class NibbleColumnTiles
{
    private const int MaxGroups = NibbleColumnEmitter.MaxGroups;
    private static readonly ConcurrentDictionary<PackedFormat, NibbleColumnTiles> Known = new();
    private static readonly NativeBuffer Constants = MakeConstants();

    private readonly PackedFormat format;

    // [row blocks - 1][tiles][groups][groups under a header]
    private readonly nint[] functions = new nint[2 * (NibbleColumnEmitter.MaxTiles + 1) * (MaxGroups + 1) * (MaxGroups + 1)];

    private NibbleColumnTiles(PackedFormat format) => this.format = format;

    public static NibbleColumnTiles Of(PackedFormat format) => Known.GetOrAdd(format with { Levels = 0 }, key => new NibbleColumnTiles(key));

    /// <summary>sums += weights times rows.</summary>
    /// <param name="constants">Of <see cref="CopyConstants"/>.</param>
    /// <param name="tile">The first tile's first header.</param>
    /// <param name="pairs">bf16 [inputs / 2][rows][2], zero up to a whole group.</param>
    /// <param name="scratch"><see cref="NibbleColumnEmitter.ScratchBytes"/></param>
    /// <param name="sums">[tiles][16][rows]</param>
    public void Multiply(byte* constants, byte* tile, nint tileStride, int tiles, int groups, ushort* pairs, int rows, byte* scratch, float* sums)
    {
        int perHeader = Math.Min(format.HeaderInputs / Packing.Group, groups), headerBytes = format.HeaderBytes, codeBytes = format.CodeBytes;
        for (int group = 0; group < groups;)
        {
            int left = groups - group, under = group % perHeader, size, chunks;
            byte* header = tile + (group / perHeader * (headerBytes + ((nint)perHeader * codeBytes))), codes = header + headerBytes + ((nint)under * codeBytes);
            var arguments = new NibbleColumnArguments
            {
                Headers = header,
                Codes = codes,
                TileStride = tileStride,
                Rows = pairs + ((nint)group * Packing.Group * rows),
                PairStride = rows * 4,
                Sums = sums,
                Scratch = scratch,
                Constants = constants,
            };
            if (left < perHeader || perHeader > MaxGroups)
            {
                // Chunks under one header.
                int most = Math.Min(left, perHeader - under);
                size = Math.Min(most, MaxGroups);
                chunks = most / size;
                arguments.CodeStep = size * codeBytes;
                Run(tiles, size, size, chunks, &arguments);
            }
            else
            {
                // Chunks of whole headers.
                int headers = Math.Min(left, MaxGroups) / perHeader;
                size = headers * perHeader;
                chunks = left / size;
                arguments.CodeStep = arguments.HeaderStep = headers * (headerBytes + (perHeader * codeBytes));
                Run(tiles, size, perHeader, chunks, &arguments);
            }
            group += chunks * size;
        }
    }

    /// <summary>What <see cref="NibbleColumnArguments.Constants"/> points to: 128 bytes.</summary>
    /// <param name="levels">Of <see cref="CodeType.Levels4"/>, f32 [16]; else null.</param>
    public void CopyConstants(float* levels, byte* to)
    {
        float* numbers = levels != null ? levels : (float*)Constants.Address + (format.Offset == OffsetType.Middle ? 0 : 16);
        Buffer.MemoryCopy(numbers, to, 64, 64);
        Buffer.MemoryCopy((float*)Constants.Address + 32, to + 64, 64, 64);
    }

    // Two tiles at once, then one.
    private void Run(int tiles, int groups, int perHeader, int chunks, NibbleColumnArguments* arguments)
    {
        for (int width = NibbleColumnEmitter.MaxTiles; tiles > 0; width--)
        {
            (arguments->Runs, tiles) = (tiles / width, tiles % width);
            if (arguments->Runs == 0) continue;
            arguments->Chunks = chunks;
            ((delegate* unmanaged[SuppressGCTransition]<NibbleColumnArguments*, void>)Function(width, (int)arguments->PairStride / 4, groups, perHeader))(arguments);
        }
    }

    private nint Function(int tiles, int rows, int groups, int perHeader)
    {
        int rowBlocks = NibbleColumnEmitter.RowBlocks(rows);
        ref nint function = ref functions[((((((rowBlocks - 1) * (NibbleColumnEmitter.MaxTiles + 1)) + tiles) * (MaxGroups + 1)) + groups) * (MaxGroups + 1)) + perHeader];
        // Two threads may assemble the same product at once; either result serves.
        if (function == 0) function = NibbleColumnEmitter.Emit(format, tiles, rowBlocks, groups, perHeader).Address;
        return function;
    }

    // The numbers of nibbles around their middle, and from 0; the bits of word i of each of four copies that come before nibble 0 .. 3.
    private static NativeBuffer MakeConstants()
    {
        var buffer = new NativeBuffer(3 * 64);
        for (int i = 0; i < 16; i++)
        {
            ((float*)buffer.Address)[i] = i - 8;
            ((float*)buffer.Address)[16 + i] = i;
        }
        for (int word = 0; word < 32; word++) ((ushort*)buffer.Address)[64 + word] = (ushort)(word / 8 * 4);
        return buffer;
    }
}
