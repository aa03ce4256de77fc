using System.Collections.Concurrent;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Emission;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The emitted bf16 products of one format of codes, assembled when first needed.</summary>
internal sealed unsafe class BFloatCodeTiles
{
    private const int MaxTiles = OutputPanels.Tiles;
    private const int MinTiles = 2;
    private const int MaxRows = 12;
    private const int Float8Start = (2 + (2 * 6)) * 64;

    // From so many blocks on it costs less to widen bytes once.
    private const int WideBlocks = 9;

    private static readonly ConcurrentDictionary<PackedFormat, BFloatCodeTiles> Known = new();
    private static readonly NativeBuffer Constants = MakeConstants();

    private readonly PackedFormat format;
    private readonly nint widening;

    // [is wide][rows][tiles]
    private readonly nint[] functions = new nint[2 * (MaxRows + 1) * (MaxTiles + 1)];

    private BFloatCodeTiles(PackedFormat format)
    {
        this.format = format;
        if (!format.HasNibbles) widening = BFloatCodeEmitter.Widen(format).Address;
        BlockRows = BFloatCodeEmitter.MaxChains(format, MinTiles) / MinTiles;
    }

    /// <summary>Rows of a block at most.</summary>
    public int BlockRows { get; }

    /// <summary>The format has such products, and this CPU the instructions.</summary>
    public static bool Has(PackedFormat format) =>
        CpuFeatures.CanEmit && CpuFeatures.Avx512Bf16 && !format.ByColumn && format.GroupSize >= Packing.Group && (format.HasNibbles || (format.Codes is CodeType.Bits8 or CodeType.Float8 && Avx512Vbmi.IsSupported));

    public static BFloatCodeTiles Of(PackedFormat format) => Known.GetOrAdd(format with { Levels = 0 }, key => new BFloatCodeTiles(key));

    /// <summary>Column tiles of one call.</summary>
    /// <param name="rows">Of the largest block.</param>
    public int Tiles(int rows) => rows * MaxTiles <= BFloatCodeEmitter.MaxChains(format, MaxTiles) ? MaxTiles : MinTiles;

    /// <summary>Codes are widened before so many blocks are multiplied. The bits are the same either way.</summary>
    public bool Widens(int blocks) => !format.HasNibbles && blocks >= WideBlocks;

    /// <summary>What codes of a weight are unpacked with.</summary>
    public static byte* ConstantsOf(PackedFormat weight) => weight.Codes switch
    {
        CodeType.Levels4 => (byte*)weight.Levels + LevelTable.WordsOffset,
        CodeType.Bits4 => (byte*)Constants.Address + (weight.Offset == OffsetType.Middle ? 0 : 64),
        CodeType.Float8 => (byte*)Constants.Address + Float8Start,
        _ => (byte*)Constants.Address + 128 + (weight.Offset == OffsetType.Middle ? 0 : 6 * 64),
    };

    public void Multiply(bool isWide, int rows, int tiles, BFloatCodeArguments* arguments)
    {
        ref nint function = ref functions[((((isWide ? 1 : 0) * (MaxRows + 1)) + rows) * (MaxTiles + 1)) + tiles];
        // Two threads may assemble the same tile at once; either result serves.
        if (function == 0) function = BFloatCodeEmitter.Product(format, isWide, rows, tiles).Address;
        ((delegate* unmanaged[SuppressGCTransition]<BFloatCodeArguments*, void>)function)(arguments);
    }

    /// <summary>Widens bytes.</summary>
    public void Widen(BFloatCodeArguments* arguments) => ((delegate* unmanaged[SuppressGCTransition]<BFloatCodeArguments*, void>)widening)(arguments);

    // Numbers of nibbles around their middle, and from 0, twice each in words; then of bytes around their middle and from 0: for both pairs of four inputs and both halves of the columns which
    // byte of 64 becomes the lowest of each doubleword; 2^23; what is subtracted to leave the number. Of float8 the low and the high bytes of 128 magnitudes as bf16; the sign of each byte; the low byte of each word.
    private static NativeBuffer MakeConstants()
    {
        var buffer = new NativeBuffer(Float8Start + (6 * 64));
        for (int i = 0; i < 32; i++)
        {
            ((ushort*)buffer.Address)[i] = Packing.RoundToBf16((i % 16) - 8);
            ((ushort*)buffer.Address)[32 + i] = Packing.RoundToBf16(i % 16);
        }
        for (int kind = 0; kind < 2; kind++)
        {
            uint* words = (uint*)(buffer.Address + 128 + (kind * 6 * 64));
            for (int i = 0; i < 16; i++)
            {
                for (int half = 0; half < 2; half++)
                    for (int pair = 0; pair < 2; pair++) words[(16 * ((2 * pair) + half)) + i] = (uint)((32 * half) + (i / 2 * 4) + (i % 2 * 2) + pair);
                const float magic = 1 << 23;
                ((float*)words)[64 + i] = magic;
                ((float*)words)[80 + i] = magic + (kind == 0 ? 128 : 0);
            }
        }
        var float8 = (byte*)(buffer.Address + Float8Start);
        for (int code = 0; code < 128; code++)
        {
            ushort number = Packing.RoundToBf16(Tensors.Float8.WidenE4M3((byte)code));
            (float8[code], float8[128 + code]) = ((byte)number, (byte)(number >> 8));
        }
        new Span<byte>(float8 + 256, 64).Fill(0x80);
        new Span<ushort>(float8 + 320, 32).Fill(0x00ff);
        return buffer;
    }
}
