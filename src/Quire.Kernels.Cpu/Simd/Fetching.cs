using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Simd;

/// <summary>Asks for memory before it is read; a machine that cannot does nothing.</summary>
internal static unsafe class Fetching
{
    /// <summary>How far before a tile's codes are read they are asked for: a tile is too short for the machine's own prefetchers to catch up.</summary>
    public const int Distance = 2048;

    /// <summary>As far as the second-level cache: what waits for a line of the nearest one holds up loads that do not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ahead(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch1(address);
    }
}
