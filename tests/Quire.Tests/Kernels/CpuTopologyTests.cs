using Quire.Kernels.Cpu.Threading;
using Quire.Tests.Formats;

namespace Quire.Tests.Kernels;

/// <summary>What Linux tells about CPUs, read from folders made up here.</summary>
public sealed class CpuTopologyTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("0", "0")]
    [InlineData("0-3,8,10-11", "0-3,8,10-11")]
    [InlineData(" 3 , 1-2, 2", "1-3")]
    [InlineData("7-7", "7")]
    public void Lists_of_CPUs_are_read_and_written(string text, string expected)
    {
        Assert.True(CpuList.TryParse(text, out int[] cpus));
        Assert.Equal(expected, CpuList.Format(cpus));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("3-1")]
    [InlineData("1-2-3")]
    [InlineData("-1")]
    [InlineData("0-")]
    [InlineData("0-31|32-63")]
    [InlineData("0-99999999999")]
    [InlineData("0-8192")]
    public void What_is_no_list_is_refused(string text) => Assert.False(CpuList.TryParse(text, out _));

    [Fact]
    public void Two_nodes_with_hyper_threads_an_offline_CPU_and_a_hole()
    {
        using var folder = new TemporaryFolder();
        // Cores 0, 1 on node 0 and 4, 5 on node 2; their second threads are 8, 9, 12 and 13, of which 9 is offline. There is no CPU 2, 3, 6, 7, 10 or 11, and no node 1.
        SysFolder.Write(folder.Path, "0-1,4-5,8,12-13", [(0, "0,8"), (1, "1"), (4, "4,12"), (5, "5,13"), (8, "0,8"), (12, "4,12"), (13, "5,13")], [(0, "0-1,8-9"), (2, "4-5,12-13")]);
        CpuTopology topology = CpuTopology.Read(folder.Path);
        Assert.Equal([0, 2], topology.Nodes);
        Assert.Equal([0, 1, 8], topology.OfNode(0));
        Assert.Equal([4, 5, 12, 13], topology.OfNode(2));
        Assert.Equal([0, 1, 4, 5, 8, 12, 13], topology.CoresFirst([.. topology.Cpus.Select(cpu => cpu.Id)]));
        // Of a core whose first thread is not among them, the second is its first.
        Assert.Equal([1, 12, 13], topology.CoresFirst([1, 12, 13]));
    }

    [Fact]
    public void Neighbours_on_a_core_take_turns()
    {
        using var folder = new TemporaryFolder();
        SysFolder.Write(folder.Path, "0-5", [(0, "0-1"), (1, "0-1"), (2, "2-3"), (3, "2-3"), (4, "4-5"), (5, "4-5")], [(0, "0-5")]);
        Assert.Equal([0, 2, 4, 1, 3, 5], CpuTopology.Read(folder.Path).CoresFirst([0, 1, 2, 3, 4, 5]));
    }

    [Fact]
    public void Without_nodes_and_siblings_every_CPU_is_a_core_of_node_0()
    {
        using var folder = new TemporaryFolder();
        SysFolder.Write(folder.Path, "0-2", [], []);
        CpuTopology topology = CpuTopology.Read(folder.Path);
        Assert.Equal([new LogicalCpu(0, 0, 0), new LogicalCpu(1, 1, 0), new LogicalCpu(2, 2, 0)], topology.Cpus);
    }

    [Fact]
    public void A_folder_that_is_not_there_has_no_CPUs()
    {
        using var folder = new TemporaryFolder();
        Assert.Empty(CpuTopology.Read(Path.Combine(folder.Path, "missing")).Cpus);
    }
}

/// <summary>Writes what /sys/devices/system has of CPUs.</summary>
internal static class SysFolder
{
    public static void Write(string folder, string online, (int Cpu, string Siblings)[] siblings, (int Node, string Cpus)[] nodes)
    {
        Put(online, folder, "cpu", "online");
        foreach ((int cpu, string text) in siblings) Put(text, folder, "cpu", $"cpu{cpu}", "topology", "thread_siblings_list");
        foreach ((int node, string text) in nodes) Put(text, folder, "node", $"node{node}", "cpulist");
        if (nodes.Length > 0) Put("0", folder, "node", "nodes_but_none", "cpulist");
    }

    private static void Put(string text, params string[] path)
    {
        string file = Path.Combine(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + "\n");
    }
}
