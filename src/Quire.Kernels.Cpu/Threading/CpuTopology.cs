namespace Quire.Kernels.Cpu.Threading;

/// <summary>A CPU that is online: what the system schedules threads on.</summary>
/// <param name="Core">Lowest CPU of the physical core: its hyper-threads share it.</param>
/// <param name="Node">NUMA node.</param>
public readonly record struct LogicalCpu(int Id, int Core, int Node);

/// <summary>CPUs that are online, their cores and NUMA nodes.</summary>
/// <param name="Cpus">In increasing order; empty where the system does not say.</param>
public sealed record CpuTopology(IReadOnlyList<LogicalCpu> Cpus)
{
    /// <summary>Nodes that have CPUs, in increasing order.</summary>
    public IEnumerable<int> Nodes => Cpus.Select(cpu => cpu.Node).Distinct().Order();

    public IEnumerable<int> OfNode(int node) => Cpus.Where(cpu => cpu.Node == node).Select(cpu => cpu.Id);

    /// <summary>The first CPU of every core, then the second of those that have one, and so on: threads that share a core share its multipliers. CPUs that the system does not list come last.</summary>
    public IReadOnlyList<int> CoresFirst(IReadOnlyCollection<int> cpus) =>
        [.. Cpus.Where(cpu => cpus.Contains(cpu.Id)).GroupBy(cpu => cpu.Core).SelectMany(core => core.Select((cpu, turn) => (turn, cpu.Id))).Order().Select(cpu => cpu.Id), .. cpus.Except(Cpus.Select(cpu => cpu.Id)).Order()];

    /// <summary>Reads what Linux tells in /sys/devices/system. What is missing there is taken for one thread a core and one node.</summary>
    /// <param name="folder">/sys/devices/system, or a copy.</param>
    public static CpuTopology Read(string folder)
    {
        var nodes = new Dictionary<int, int>();
        string nodeFolder = Path.Combine(folder, "node");
        if (Directory.Exists(nodeFolder))
        {
            foreach (string path in Directory.EnumerateDirectories(nodeFolder, "node*"))
            {
                if (int.TryParse(Path.GetFileName(path)["node".Length..], out int node))
                    foreach (int cpu in ReadList(Path.Combine(path, "cpulist"))) nodes[cpu] = node;
            }
        }
        List<LogicalCpu> cpus = [];
        foreach (int cpu in ReadList(Path.Combine(folder, "cpu", "online")))
        {
            int[] siblings = ReadList(Path.Combine(folder, "cpu", $"cpu{cpu}", "topology", "thread_siblings_list"));
            cpus.Add(new LogicalCpu(cpu, siblings.Length > 0 ? siblings[0] : cpu, nodes.GetValueOrDefault(cpu)));
        }
        return new CpuTopology(cpus);
    }

    private static int[] ReadList(string path) => File.Exists(path) && CpuList.TryParse(File.ReadAllText(path).Trim(), out int[] cpus) ? cpus : [];
}
