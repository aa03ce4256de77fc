using System.Collections.Concurrent;
using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The emitted int8 tiles of <see cref="AmxIntegerEmitter"/>, assembled when first needed.</summary>
internal static unsafe class AmxIntegerTiles
{
    private static readonly nint[] Functions = new nint[2 * (AmxIntegerEmitter.MaxRows + 1)];
    private static readonly ConcurrentDictionary<PackedFormat, nint[]> Unpacking = new();

    /// <summary>Of records.</summary>
    public static void Run(int rows, bool hasMinima, AmxIntegerArguments* arguments)
    {
        ref nint function = ref Functions[(2 * rows) + (hasMinima ? 1 : 0)];
        // Two threads may assemble the same tile at once; either result serves.
        if (function == 0) function = AmxIntegerEmitter.Emit(rows, hasMinima).Address;
        Call(function, arguments);
    }

    /// <summary>The tiles that unpack records on the way, by rows.</summary>
    public static nint[] Of(PackedFormat format) => Unpacking.GetOrAdd(format with { Levels = 0 }, _ => new nint[AmxIntegerEmitter.MaxRows + 1]);

    public static void RunUnpacking(nint[] functions, PackedFormat format, int rows, bool hasMinima, AmxIntegerArguments* arguments)
    {
        ref nint function = ref functions[rows];
        if (function == 0) function = AmxIntegerEmitter.Emit(rows, hasMinima, format).Address;
        Call(function, arguments);
    }

    private static void Call(nint function, AmxIntegerArguments* arguments) => ((delegate* unmanaged[SuppressGCTransition]<AmxIntegerArguments*, void>)function)(arguments);
}
