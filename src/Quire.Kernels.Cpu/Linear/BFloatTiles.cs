using System.Diagnostics;
using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The emitted bf16 tiles, assembled when first needed.</summary>
internal static unsafe class BFloatTiles
{
    private static readonly nint[] Functions = new nint[(BFloatTileEmitter.MaxRows + 1) * (BFloatTileEmitter.MaxTiles + 1)];

    // CPUs with the instruction differ: some run it at twice the rate of f32 multiply-adds, some at half.
    private static readonly Lazy<bool> Faster = new(() => CpuFeatures.CanEmit && CpuFeatures.Avx512Bf16 && Rate(PeakLoops.Bf16Dot512(), 64) > 1.1 * Rate(PeakLoops.Fma512(), 32));

    /// <summary>This CPU has the instruction, and was measured to multiply bf16 faster with it than f32.</summary>
    public static bool AreFaster => Faster.Value;

    public static void Run(int rows, int tiles, BFloatTileArguments* arguments)
    {
        ref nint function = ref Functions[(rows * (BFloatTileEmitter.MaxTiles + 1)) + tiles];
        if (function == 0) function = BFloatTileEmitter.Emit(rows, tiles).Address;
        ((delegate* unmanaged[SuppressGCTransition]<BFloatTileArguments*, void>)function)(arguments);
    }

    // Best of a few runs of a tenth of a millisecond.
    private static double Rate(EmittedCode loop, int operations)
    {
        var function = (delegate* unmanaged<long*, void>)loop.Address;
        long iterations = 20_000;
        double best = 0;
        for (int run = 0; run < 7; run++)
        {
            long start = Stopwatch.GetTimestamp();
            function(&iterations);
            best = Math.Max(best, PeakLoops.Operations(iterations, operations) / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
