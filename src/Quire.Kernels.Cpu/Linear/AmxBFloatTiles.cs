using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>bf16 products in tile registers. One block of 16 rows is the least that is multiplied: its unused rows cost nothing that a stream of weights would notice.</summary>
internal readonly unsafe struct AmxBFloatTiles : IBFloatTiles
{
    public static bool AreFaster => CpuFeatures.Amx;

    public static bool AreTileRegisters => true;

    public static int BlockRows => AmxProducts.PairRows;

    // Sums pass through memory once a piece, so pieces are long: a panel's fills 128 KB of the second-level cache.
    public static int Piece => 1024;

    // Its sums for 64 columns take 128 KB of scratch.
    public static int MaxRows => 512;

    public static int RowStride(int inputs) => AmxProducts.RowBytes(inputs * (long)sizeof(ushort)) / sizeof(ushort);

    public static int Padded(int rows) => AmxProducts.Padded(rows);

    public static int MaxRowBlock(int inputs) => AmxProducts.MaxRowBlock(inputs * sizeof(ushort), MaxRows);

    public static void Begin() => AmxTiles.ConfigureWhole();

    public static void End() => AmxTiles.Release();

    public static void Multiply(byte* weights, nint tileStride, ushort* rows, int rowStride, int count, int tiles, int inputs, float* sums, bool adds, byte* next)
    {
        const int stepInputs = AmxTileEmitter.StepBytes / sizeof(ushort);
        AmxProducts.Multiply(AmxKind.BF16, weights, tileStride, (byte*)rows, rowStride * sizeof(ushort), count, tiles, (inputs + stepInputs - 1) / stepInputs, sums, adds, next);
    }
}
