using Quire.Kernels.Cpu.Emission;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>The emitted kernels for one head size and cache type, assembled when first needed.</summary>
internal sealed unsafe class EmittedAttention(DType type, int size)
{
    private const int Blocks = 4;
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<(DType, int), EmittedAttention> Known = new();
    private readonly nint[] scores = new nint[(AttentionEmitter.MaxRows + 1) * (Blocks + 1)], values = new nint[(AttentionEmitter.MaxRows + 1) * 5];

    /// <summary>Null where the cache's type or head has no kernel, or the machine cannot run it.</summary>
    public static EmittedAttention? Of(in KvLayout layout) =>
        CpuFeatures.CanEmit && layout.Type is DType.F32 or DType.BF16 && layout.HeadSize % 2 == 0
            ? Known.GetOrAdd((layout.Type, layout.HeadSize), key => new EmittedAttention(key.Item1, key.Item2))
            : null;

    /// <summary>Scores of all tokens of whole blocks.</summary>
    /// <param name="arguments">With <see cref="AttentionArguments.Count"/> in blocks.</param>
    public void Scores(int rows, AttentionArguments arguments)
    {
        nint blocks = arguments.Count;
        if (blocks >= Blocks)
        {
            AttentionArguments whole = arguments with { Count = blocks / Blocks };
            Call(ScoresFor(rows, Blocks), &whole);
            arguments.Table += blocks / Blocks * Blocks;
            arguments.Sums += blocks / Blocks * Blocks * 16;
        }
        int rest = (int)(blocks % Blocks);
        if (rest == 0) return;
        arguments.Count = 1;
        Call(ScoresFor(rows, rest), &arguments);
    }

    /// <summary>Weighted values of <see cref="AttentionArguments.Count"/> tokens, all dimensions.</summary>
    public void Values(int rows, int padded, AttentionArguments arguments)
    {
        for (int column = 0; column < padded; column += AttentionEmitter.ValueColumns)
        {
            int columns = Math.Min(AttentionEmitter.ValueColumns, padded - column);
            AttentionArguments part = arguments with { Cache = arguments.Cache + (column * KvLayout.BlockTokens * type.Size()), Sums = arguments.Sums + column };
            Call(ValuesFor(rows, columns), &part);
        }
    }

    // Two threads may assemble the same kernel at once; either result serves.
    private nint ScoresFor(int rows, int blocks)
    {
        ref nint function = ref scores[(rows * (Blocks + 1)) + blocks];
        return function != 0 ? function : function = AttentionEmitter.Scores(type, rows, blocks, size).Address;
    }

    private nint ValuesFor(int rows, int columns)
    {
        ref nint function = ref values[(rows * 5) + (columns / 16)];
        return function != 0 ? function : function = AttentionEmitter.Values(type, rows, columns).Address;
    }

    private static void Call(nint function, AttentionArguments* arguments) =>
        ((delegate* unmanaged[SuppressGCTransition]<AttentionArguments*, void>)function)(arguments);
}
