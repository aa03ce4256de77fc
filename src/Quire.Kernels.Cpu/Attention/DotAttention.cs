using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>Any number of rows, cut into the emitted products of <see cref="DotAttentionEmitter"/>, which are assembled when first needed.</summary>
internal static unsafe class DotAttention
{
    private const int MaxRows = DotAttentionEmitter.MaxRows, MaxTiles = DotAttentionEmitter.MaxTiles;

    // [fetches][head size / 16][rows][blocks]
    private static readonly nint[] ScoreFunctions = new nint[2 * ((AmxAttention.MaxPadded / 16) + 1) * (MaxRows + 1) * (MaxTiles + 1)];
    private static readonly nint[] ValueFunctions = new nint[(MaxRows + 1) * (MaxTiles + 1)];

    /// <summary>Scores of all tokens of whole blocks.</summary>
    public static void Scores(int rows, int padded, RoundedAttentionArguments arguments)
    {
        int whole = (int)arguments.Count / MaxTiles * MaxTiles, rest = (int)arguments.Count - whole;
        for (int row = 0; row < rows; row += MaxRows)
        {
            int count = Math.Min(MaxRows, rows - row);
            RoundedAttentionArguments part = arguments.From(row);
            if (whole > 0)
            {
                part.Count = whole;
                Call(ScoresFor(count, MaxTiles, padded, rows <= MaxRows), &part);
            }
            if (rest == 0) continue;
            part = arguments.From(row);
            part.Blocks += whole;
            part.Sums += whole * 16;
            part.Count = rest;
            Call(ScoresFor(count, rest, padded, rows <= MaxRows), &part);
        }
    }

    /// <summary>Weighted values of all tokens of whole blocks, all dimensions.</summary>
    public static void Values(int rows, int padded, RoundedAttentionArguments arguments)
    {
        int all = padded / 16;
        for (int tile = 0; tile < all; tile += MaxTiles)
        {
            int tiles = Math.Min(MaxTiles, all - tile);
            for (int row = 0; row < rows; row += MaxRows)
            {
                int count = Math.Min(MaxRows, rows - row);
                RoundedAttentionArguments part = arguments.From(row);
                part.Offset = tile * AmxAttentionEmitter.TileBytes;
                part.Sums += tile * 16;
                ref nint function = ref ValueFunctions[(count * (MaxTiles + 1)) + tiles];
                // Two threads may assemble the same product at once; either result serves.
                if (function == 0) function = DotAttentionEmitter.Values(count, tiles).Address;
                Call(function, &part);
            }
        }
    }

    private static nint ScoresFor(int rows, int blocks, int padded, bool fetches)
    {
        ref nint function = ref ScoreFunctions[((((((fetches ? 1 : 0) * ((AmxAttention.MaxPadded / 16) + 1)) + (padded / 16)) * (MaxRows + 1)) + rows) * (MaxTiles + 1)) + blocks];
        if (function == 0) function = DotAttentionEmitter.Scores(rows, blocks, padded, fetches).Address;
        return function;
    }

    private static void Call(nint function, RoundedAttentionArguments* arguments) => ((delegate* unmanaged[SuppressGCTransition]<RoundedAttentionArguments*, void>)function)(arguments);
}
