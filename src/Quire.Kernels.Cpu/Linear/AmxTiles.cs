using Quire.Kernels.Cpu.Emission;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The state of a thread's tile registers: set up by whoever multiplies with them, and given back behind.</summary>
internal static unsafe class AmxTiles
{
    private static readonly NativeBuffer Whole = Copy(AmxTileEmitter.Configuration()), Attention = Copy(AmxAttentionEmitter.Configuration());
    private static readonly NativeBuffer[] Groups = [.. Enumerable.Range(1, AmxIntegerEmitter.MaxRows).Select(rows => Copy(AmxIntegerEmitter.Configuration(rows)))];
    private static readonly NativeBuffer[] Columns = [.. Enumerable.Range(1, NibbleColumnEmitter.MaxRows).Select(rows => Copy(NibbleColumnEmitter.Configuration(rows)))];
    private static readonly nint ConfigureAddress = AmxTileEmitter.Configure().Address, ReleaseAddress = AmxTileEmitter.Release().Address;

    /// <summary>For <see cref="AmxTileEmitter"/>.</summary>
    public static void ConfigureWhole() => Configure(Whole);

    /// <summary>For <see cref="AmxIntegerEmitter"/>.</summary>
    /// <param name="rows">Of a block.</param>
    public static void ConfigureGroups(int rows) => Configure(Groups[rows - 1]);

    /// <summary>For <see cref="AmxAttentionEmitter"/>.</summary>
    public static void ConfigureAttention() => Configure(Attention);

    /// <summary>For <see cref="NibbleColumnEmitter"/>.</summary>
    public static void ConfigureColumns(int rows) => Configure(Columns[rows - 1]);

    public static void Release() => ((delegate* unmanaged[SuppressGCTransition]<nint, void>)ReleaseAddress)(0);

    private static void Configure(NativeBuffer configuration)
    {
        if (!SignalStack.TryEnlarge()) throw new InvalidOperationException("the system gives this thread no stack for signals, which tile registers need; QUIRE_CPU_ISA=avx512 does without them");
        ((delegate* unmanaged[SuppressGCTransition]<nint, void>)ConfigureAddress)(configuration.Address);
    }

    private static NativeBuffer Copy(byte[] configuration)
    {
        var buffer = new NativeBuffer(configuration.Length);
        configuration.CopyTo(new Span<byte>((void*)buffer.Address, configuration.Length));
        return buffer;
    }
}
