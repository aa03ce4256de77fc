using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>Any number of rows, cut into the emitted products of <see cref="AmxAttentionEmitter"/>, which are assembled when first needed. The calling thread's tiles are configured
/// (<see cref="Linear.AmxTiles.ConfigureAttention"/>).</summary>
internal static unsafe class AmxAttention
{
    public const int MaxPadded = 1024;

    private static readonly nint[] ScoreFunctions = new nint[AmxAttentionEmitter.MaxRowBlocks * (MaxPadded / 16)];

    // [row blocks - 1][tiles - 1]
    private static readonly nint[] ValueFunctions = new nint[AmxAttentionEmitter.MaxRowBlocks * 4];

    /// <summary>Heads that have a kernel.</summary>
    public static bool Has(int padded) => padded <= MaxPadded;

    /// <summary>Rows of the whole blocks among <paramref name="rows"/>.</summary>
    public static int Whole(int rows) => rows / AmxAttentionEmitter.BlockRows * AmxAttentionEmitter.BlockRows;

    /// <summary>Scores of all tokens of whole blocks.</summary>
    public static void Scores(int rows, int padded, RoundedAttentionArguments arguments)
    {
        for (int row = 0; row < rows; row += AmxAttentionEmitter.MaxRowBlocks * AmxAttentionEmitter.BlockRows)
        {
            int blocks = RowBlocks(rows - row);
            RoundedAttentionArguments part = arguments.From(row);
            ref nint function = ref ScoreFunctions[((blocks - 1) * (MaxPadded / 16)) + (padded / 16) - 1];
            // Two threads may assemble the same product at once; either result serves.
            if (function == 0) function = AmxAttentionEmitter.Scores(blocks, padded).Address;
            Call(function, &part);
        }
    }

    /// <summary>Weighted values of all tokens of whole blocks, all dimensions.</summary>
    public static void Values(int rows, int padded, RoundedAttentionArguments arguments)
    {
        for (int row = 0; row < rows; row += AmxAttentionEmitter.MaxRowBlocks * AmxAttentionEmitter.BlockRows)
        {
            int blocks = RowBlocks(rows - row), most = AmxAttentionEmitter.MaxTiles(blocks), all = padded / 16;
            for (int tile = 0; tile < all; tile += most)
            {
                int tiles = Math.Min(most, all - tile);
                RoundedAttentionArguments part = arguments.From(row);
                part.Offset = tile * AmxAttentionEmitter.TileBytes;
                part.Sums += tile * 16;
                ref nint function = ref ValueFunctions[((blocks - 1) * 4) + tiles - 1];
                if (function == 0) function = AmxAttentionEmitter.Values(blocks, tiles).Address;
                Call(function, &part);
            }
        }
    }

    private static int RowBlocks(int rows) => Math.Min(AmxAttentionEmitter.MaxRowBlocks, (rows + AmxAttentionEmitter.BlockRows - 1) / AmxAttentionEmitter.BlockRows);

    private static void Call(nint function, RoundedAttentionArguments* arguments) => ((delegate* unmanaged[SuppressGCTransition]<RoundedAttentionArguments*, void>)function)(arguments);
}
