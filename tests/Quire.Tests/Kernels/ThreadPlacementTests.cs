using System.Collections.Concurrent;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Which CPUs compute threads run on: the policy on machines made up here, and one real pool.</summary>
public sealed class ThreadPlacementTests
{
    // Two nodes of two cores with two threads each: cores {0, 4} and {1, 5} on node 0, {2, 6} and {3, 7} on node 1.
    private static readonly CpuTopology Machine = new([.. Enumerable.Range(0, 8).Select(cpu => new LogicalCpu(cpu, cpu % 4, cpu % 4 / 2))]);

    private static ProcessCpus Process(string allowed, int? processors = null)
    {
        Assert.True(CpuList.TryParse(allowed, out int[] cpus));
        return new ProcessCpus(Machine, cpus, processors ?? cpus.Length);
    }

    [Theory]
    [InlineData("0-7", null, null, 8, "", "others may use too")]
    [InlineData("0-1,4-5", null, null, 4, "0,1,4,5", "were chosen")]
    [InlineData("0-1,4-5", null, 2, 2, "0,1", "were chosen")]
    [InlineData("0-1,4-5", 3, null, 3, "", "a quota or DOTNET_PROCESSOR_COUNT leaves time for 3 of 4 CPUs")]
    [InlineData("4-5", null, 3, 3, "", "3 threads are more than the 2 CPUs 4-5")]
    public void Auto_pins_where_the_process_has_its_CPUs_to_itself(string allowed, int? processors, int? threads, int count, string cpus, string reason)
    {
        ThreadPlacement placement = ThreadPlacement.Decide(Process(allowed, processors), threads);
        Assert.Equal((count, cpus.Length > 0), (placement.Threads, placement.IsPinned));
        Assert.Equal(cpus, string.Join(",", placement.Cpus));
        Assert.Contains(reason, placement.Reason);
    }

    [Fact]
    public void On_pins_whatever_the_policy_says_one_thread_a_core_first()
    {
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], ThreadPlacement.Decide(Process("0-7"), pin: "on").Cpus);
        Assert.Equal([0, 1, 2], ThreadPlacement.Decide(Process("0-7", 3), pin: "on").Cpus);
        Assert.Equal([0, 2], ThreadPlacement.Decide(Process("0,2,4"), 2, "on").Cpus);
        // The system may list fewer CPUs than it allows.
        Assert.Equal([2, 3, 8, 9], ThreadPlacement.Decide(Process("2-3,8-9"), pin: "on").Cpus);
    }

    [Theory]
    [InlineData("off")]
    [InlineData("nobind")]
    public void Off_never_pins(string off) => Assert.Empty(ThreadPlacement.Decide(Process("0-1"), pin: off).Cpus);

    [Fact]
    public void A_list_gives_each_thread_its_CPU_and_their_number()
    {
        ThreadPlacement placement = ThreadPlacement.Decide(Process("0-7"), pin: "2-3,6");
        Assert.Equal((3, true), (placement.Threads, placement.IsPinned));
        Assert.Equal([2, 3, 6], placement.Cpus);
        Assert.Equal([2], ThreadPlacement.Decide(Process("0-7"), 1, "2-3").Cpus);
    }

    [Fact]
    public void A_node_keeps_threads_on_its_CPUs_and_sets_their_number()
    {
        ThreadPlacement placement = ThreadPlacement.Decide(Process("0-7"), node: 1);
        Assert.Equal((4, false), (placement.Threads, placement.IsPinned));
        Assert.Equal([2, 3, 6, 7], placement.Cpus);
        Assert.Equal([2, 3, 6, 7], placement.Of(1));
        Assert.Equal([2, 3], ThreadPlacement.Decide(Process("0-7"), 2, "on", 1).Cpus);
        Assert.Equal([3], ThreadPlacement.Decide(Process("0,3"), node: 1).Cpus);
    }

    [Theory]
    [InlineData("0-7", 9, "on", null, "9 threads are more than the 8 CPUs 0-7")]
    [InlineData("0-3", null, "3-5", null, "CPUs 4-5 are not there for this process; 0-3 are")]
    [InlineData("0-7", null, "0-2", 1, "CPUs 0-1 are not there for this process on node 1; 2-3,6-7 are")]
    [InlineData("0-7", 3, "0-1", null, "has 2 CPUs, fewer than --threads 3")]
    [InlineData("0-7", null, "0-1|2-3", null, "not understood; auto, on, off and lists of CPUs such as 0-3,8 are")]
    [InlineData("0-7", null, "auto", 2, "no such node with CPUs; it has 0, 1")]
    [InlineData("0-1", null, "auto", 1, "may run on CPUs 0-1 only, and the node's are 2-3,6-7")]
    public void What_cannot_be_is_refused_with_what_can(string allowed, int? threads, string pin, int? node, string message) =>
        Assert.Contains(message, Assert.Throws<QuireException>(() => ThreadPlacement.Decide(Process(allowed), threads, pin, node)).Message);

    [Fact]
    public void Elsewhere_than_on_Linux_threads_run_where_the_system_puts_them()
    {
        var elsewhere = new ProcessCpus(new CpuTopology([]), [], 6);
        Assert.Equal((6, 0), (ThreadPlacement.Decide(elsewhere).Threads, ThreadPlacement.Decide(elsewhere).Cpus.Count));
        Assert.Throws<QuireException>(() => ThreadPlacement.Decide(elsewhere, pin: "on"));
        Assert.Throws<QuireException>(() => ThreadPlacement.Decide(elsewhere, node: 0));
    }

    [Fact]
    public void Pinned_workers_run_on_one_CPU_each_and_what_they_start_runs_anywhere()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Threads are bound on Linux only.");
        IReadOnlyList<int> allowed = ProcessCpus.Current.Allowed;
        int workers = Math.Min(2, allowed.Count);
        var seen = new ConcurrentDictionary<int, string>();
        IReadOnlyList<int> started = [];
        using (var pool = new ComputePool(ThreadPlacement.Decide(ProcessCpus.Current, workers, "on")))
        {
            var caller = new Thread(() =>
            {
                using var together = new Barrier(workers);
                var job = new Affinity(seen, together);
                pool.Run(ref job, workers);
                var child = new Thread(() => started = CpuAffinity.OfThisThread());
                child.Start();
                child.Join();
            });
            caller.Start();
            caller.Join();
            for (int worker = 0; worker < workers; worker++) Assert.Equal($"{pool.Placement.Cpus[worker]}", seen[worker]);
        }
        Assert.Equal(allowed, started);
    }

    [Fact]
    public async Task Callers_of_the_runtimes_pool_keep_their_CPUs()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && ProcessCpus.Current.Allowed.Count > 1, "Needs Linux and two CPUs.");
        using var pool = new ComputePool(ThreadPlacement.Decide(ProcessCpus.Current, 1, "on"));
        IReadOnlyList<int> after = await Task.Run(() =>
        {
            var job = new Nothing();
            pool.Run(ref job, 1);
            return CpuAffinity.OfThisThread();
        }, TestContext.Current.CancellationToken);
        Assert.Equal(ProcessCpus.Current.Allowed, after);
    }

    [Fact]
    public void Work_near_a_node_runs_on_its_CPUs_and_its_failures_arrive()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Threads are bound on Linux only.");
        int cpu = ProcessCpus.Current.Allowed[^1];
        var placement = new ThreadPlacement(1, [cpu], IsPinned: false, "");
        Assert.Equal([cpu], placement.RunNear(CpuAffinity.OfThisThread));
        Assert.Throws<FormatException>(() => placement.RunNear<int>(() => throw new FormatException()));
    }

    // Every worker has one item: they wait for each other.
    private readonly struct Affinity(ConcurrentDictionary<int, string> seen, Barrier together) : IJob
    {
        public void Run(int item, int worker)
        {
            together.SignalAndWait();
            seen[worker] = CpuList.Format(CpuAffinity.OfThisThread());
        }
    }

    private readonly struct Nothing : IJob
    {
        public void Run(int item, int worker)
        {
        }
    }
}
