namespace Quire.Kernels.Cpu.Threading;

/// <summary>The CPUs of the machine, and what this process may use of them.</summary>
/// <param name="Topology">CPUs that are online; none where the system cannot bind threads.</param>
/// <param name="Allowed">CPUs that the process may run on (cpuset, taskset), in increasing order.</param>
/// <param name="Processors">CPUs that it may keep busy: fewer than <paramref name="Allowed"/> under a cgroup quota.</param>
public sealed record ProcessCpus(CpuTopology Topology, IReadOnlyList<int> Allowed, int Processors)
{
    /// <summary>Of this process, as it started: read once, before any thread is bound.</summary>
    public static ProcessCpus Current { get; } = Read();

    /// <summary>A quota leaves less time than the allowed CPUs have.</summary>
    public bool HasQuota => Processors < Allowed.Count;

    /// <summary>Somebody chose CPUs for this process: the machine has others.</summary>
    public bool AreChosen => Allowed.Count < Topology.Cpus.Count;

    // The first thread's CPUs are the process's; the runtime has counted them, and the quota rounded up, in ProcessorCount.
    private static ProcessCpus Read()
    {
        if (!OperatingSystem.IsLinux()) return new ProcessCpus(new CpuTopology([]), [], Environment.ProcessorCount);
        CpuTopology topology = CpuTopology.Read("/sys/devices/system");
        IReadOnlyList<int> allowed = [];
        // A new thread has the process's CPUs, whatever the calling one was bound to.
        var reader = new Thread(() => allowed = CpuAffinity.OfThisThread());
        reader.Start();
        reader.Join();
        return new ProcessCpus(allowed.Count == 0 ? new CpuTopology([]) : topology, allowed, Environment.ProcessorCount);
    }
}
