using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The emitted tiles of one format, assembled when first needed.</summary>
internal sealed unsafe class EmittedIntegerTiles(PackedFormat format)
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<PackedFormat, EmittedIntegerTiles> Formats = new();
    private readonly nint[] direct = new nint[(ActivationRows.MaxBlockRows + 1) * 5], unpacked = new nint[(ActivationRows.MaxBlockRows + 1) * 5];

    /// <summary>Rows of the widest tile over an unpacked panel of four column tiles.</summary>
    public const int UnpackedRows = 6;

    public static bool IsSupported => CpuFeatures.CanEmit && CpuFeatures.Avx512Vnni;

    public static EmittedIntegerTiles Of(PackedFormat format) => Formats.GetOrAdd(format, f => new EmittedIntegerTiles(f));

    /// <summary>Runs one register tile. Codes are read from the packed weight.</summary>
    public void Direct(int rows, int tiles, IntegerTileArguments* arguments) =>
        ((delegate* unmanaged[SuppressGCTransition]<IntegerTileArguments*, void>)Find(direct, rows, tiles, false))(arguments);

    /// <summary>Runs one register tile. Codes are bytes of a panel unpacked before.</summary>
    public void Unpacked(int rows, int tiles, IntegerTileArguments* arguments) =>
        ((delegate* unmanaged[SuppressGCTransition]<IntegerTileArguments*, void>)Find(unpacked, rows, tiles, true))(arguments);

    private nint Find(nint[] known, int rows, int tiles, bool isUnpacked)
    {
        ref nint entry = ref known[(rows * 5) + tiles];
        return entry != 0 ? entry : Add(ref entry, rows, tiles, isUnpacked);
    }

    // Two threads may assemble the same tile at once; either result serves.
    private nint Add(ref nint entry, int rows, int tiles, bool isUnpacked) =>
        entry = IntegerTileEmitter.Emit(format, rows, tiles, isUnpacked).Address;
}
