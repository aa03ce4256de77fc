using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Simd;

/// <summary>Asks for memory before it is read; a machine that cannot does nothing.</summary>
internal static unsafe class Fetching
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ahead(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    /// <summary>As far as the second-level cache, for what is read later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FarAhead(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch1(address);
    }
}
