using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Threading;

/// <summary>The CPUs that Linux may run the calling thread on.</summary>
/// <remarks>.NET gives a new thread the CPUs of the process's first thread, not those of the thread that starts it: only that first one must be left alone.</remarks>
public static unsafe class CpuAffinity
{
    private const int MaskBytes = 1024;

    /// <summary>In increasing order; empty where the system does not say.</summary>
    public static IReadOnlyList<int> OfThisThread()
    {
        if (!OperatingSystem.IsLinux()) return [];
        byte* mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        if (Get(0, MaskBytes, mask) < 0) return [];
        List<int> cpus = [];
        for (int cpu = 0; cpu < MaskBytes * 8; cpu++)
            if ((mask[cpu / 8] >> (cpu % 8) & 1) != 0) cpus.Add(cpu);
        return cpus;
    }

    /// <returns>False where the system refuses, or is not Linux.</returns>
    internal static bool TrySetThisThread(IEnumerable<int> cpus)
    {
        if (!OperatingSystem.IsLinux()) return false;
        byte* mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        foreach (int cpu in cpus) mask[cpu / 8] |= (byte)(1 << (cpu % 8));
        return Set(0, MaskBytes, mask) == 0;
    }

    /// <summary>The calling thread is neither the process's first one, whose CPUs others inherit, nor one of the runtime's pool, which serves anybody.</summary>
    internal static bool MayBindThisThread() =>
        OperatingSystem.IsLinux() && !Thread.CurrentThread.IsThreadPoolThread
        && File.ResolveLinkTarget("/proc/thread-self", returnFinalTarget: false)?.Name is { } thread && thread != Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);

    // Little-endian words of bits, so bytes of bits.
    [DllImport("libc", EntryPoint = "sched_getaffinity")]
    private static extern int Get(int thread, nint bytes, byte* mask);

    [DllImport("libc", EntryPoint = "sched_setaffinity")]
    private static extern int Set(int thread, nint bytes, byte* mask);
}
