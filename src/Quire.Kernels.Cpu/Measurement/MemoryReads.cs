using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Measurement;

/// <summary>How fast memory can be read: a buffer far beyond the caches, each thread its own part, in order.</summary>
internal static unsafe class MemoryReads
{
    private const long BytesPerThread = 256L << 20;

    /// <returns>Bytes per second, best of <paramref name="runs"/>.</returns>
    public static double Measure(int threads, int runs)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)(threads * BytesPerThread), 4096);
        try
        {
            // Written first: untouched pages are all the same page of zeros.
            Each(threads, part => NativeMemory.Fill(memory + (part * BytesPerThread), (nuint)BytesPerThread, 1));
            double best = 0;
            for (int run = 0; run < runs; run++)
            {
                long start = Stopwatch.GetTimestamp();
                Each(threads, part => Read(memory + (part * BytesPerThread), BytesPerThread));
                best = Math.Max(best, threads * BytesPerThread / Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
            return best;
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static void Each(int threads, Action<int> action)
    {
        Thread[] all = [.. Enumerable.Range(0, threads).Select(part => new Thread(() => action(part)))];
        foreach (Thread thread in all) thread.Start();
        foreach (Thread thread in all) thread.Join();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static long Read(byte* from, long bytes)
    {
        Vector512<long> a = default, b = default, c = default, d = default;
        for (long i = 0; i < bytes; i += 256)
        {
            if (Sse.IsSupported) Sse.Prefetch0(from + i + 2048);
            a ^= Vector512.Load((long*)(from + i));
            b ^= Vector512.Load((long*)(from + i + 64));
            c ^= Vector512.Load((long*)(from + i + 128));
            d ^= Vector512.Load((long*)(from + i + 192));
        }
        return Vector512.Sum(a ^ b ^ c ^ d);
    }
}
