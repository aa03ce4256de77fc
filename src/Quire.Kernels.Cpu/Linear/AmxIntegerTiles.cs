using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The emitted int8 tiles of <see cref="AmxIntegerEmitter"/>, assembled when first needed.</summary>
internal static unsafe class AmxIntegerTiles
{
    private static readonly nint[] Functions = new nint[2 * (AmxIntegerEmitter.MaxRows + 1)];

    public static void Run(int rows, bool hasMinima, AmxIntegerArguments* arguments)
    {
        ref nint function = ref Functions[(2 * rows) + (hasMinima ? 1 : 0)];
        // Two threads may assemble the same tile at once; either result serves.
        if (function == 0) function = AmxIntegerEmitter.Emit(rows, hasMinima).Address;
        ((delegate* unmanaged[SuppressGCTransition]<AmxIntegerArguments*, void>)function)(arguments);
    }
}
