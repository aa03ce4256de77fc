using System.Runtime.ExceptionServices;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Threading;

/// <summary>How many compute threads there are, and on which CPUs they run.</summary>
/// <param name="Threads">Workers, the caller included.</param>
/// <param name="Cpus">Pinned: the CPU of each worker. Else the CPUs that all of them share; empty leaves the choice to the system.</param>
/// <param name="IsPinned">Each worker has a CPU of its own.</param>
/// <param name="Reason">Why, for those who ask.</param>
public sealed record ThreadPlacement(int Threads, IReadOnlyList<int> Cpus, bool IsPinned, string Reason)
{
    /// <summary>The CPUs of a worker; empty if the system chooses.</summary>
    internal IReadOnlyList<int> Of(int worker) => IsPinned ? [Cpus[worker]] : Cpus;

    /// <summary>That many threads, wherever the system puts them.</summary>
    public static ThreadPlacement Anywhere(int threads, string reason = "") => new(threads, [], IsPinned: false, reason);

    /// <summary>Decides.</summary>
    /// <param name="threads">--threads; null is one per processor, or per CPU of the node or list.</param>
    /// <param name="pin">--pin-threads: auto, on, off (or nobind), or a list of CPUs, one a thread. auto pins where the process has its CPUs to itself: they were chosen for it
    /// (a cpuset, taskset), no quota takes time from them, and there are enough of them.</param>
    /// <param name="node">--numa-node: threads stay on this node's CPUs, so that what they write first, weights and keys and values, lies in its memory.</param>
    /// <exception cref="QuireException">What was asked for is not there; the message says what is.</exception>
    public static ThreadPlacement Decide(ProcessCpus process, int? threads = null, string pin = "auto", int? node = null)
    {
        bool asksToPin = pin is not ("auto" or "off" or "nobind");
        if (process.Topology.Cpus.Count == 0)
        {
            if (asksToPin) throw Refuse(ErrorKind.NotSupported, "pin-threads", $"--pin-threads {pin}: threads are bound to CPUs on Linux only; auto and off work here.");
            if (node is not null) throw Refuse(ErrorKind.NotSupported, "numa-node", $"--numa-node {node}: threads are bound to NUMA nodes on Linux only.");
            return Anywhere(threads ?? process.Processors, "threads are bound on Linux only");
        }
        IReadOnlyList<int> cpus = node is { } number ? OfNode(process, number) : process.Allowed;
        if (asksToPin && pin != "on") return OnList(cpus, threads, pin, node);
        int count = threads ?? Math.Min(process.Processors, cpus.Count);
        string? obstacle =
            pin is "off" or "nobind" ? "asked not to be"
            : count > cpus.Count ? $"{count} threads are more than the {cpus.Count} CPUs {CpuList.Format(cpus)}"
            : pin == "on" ? null
            : process.HasQuota ? $"a quota or DOTNET_PROCESSOR_COUNT leaves time for {process.Processors} of {process.Allowed.Count} CPUs"
            : !process.AreChosen ? "the process has all of the machine's CPUs, which others may use too"
            : null;
        if (obstacle is null)
            return new ThreadPlacement(count, [.. process.Topology.CoresFirst(cpus.ToHashSet()).Take(count)], IsPinned: true, pin == "on" ? "asked to be" : "the CPUs were chosen for this process");
        if (pin == "on") throw Refuse(ErrorKind.InvalidRequest, "pin-threads", $"--pin-threads on: {obstacle}. Give fewer --threads, or off.");
        return new ThreadPlacement(count, node is null ? [] : cpus, IsPinned: false, obstacle);
    }

    /// <summary>Runs on a thread of its own where workers are kept to some CPUs, so that memory which it touches first lies near them.</summary>
    public T RunNear<T>(Func<T> work)
    {
        if (Cpus.Count == 0) return work();
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            CpuAffinity.TrySetThisThread(Cpus);
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>On one line.</summary>
    public string Describe() =>
        IsPinned ? $"{Threads}, pinned to CPUs {string.Join(",", Cpus)}: {Reason}"
        : Cpus.Count > 0 ? $"{Threads} on CPUs {CpuList.Format(Cpus)}, not pinned: {Reason}"
        : $"{Threads}, not pinned: {Reason}";

    private static int[] OfNode(ProcessCpus process, int node)
    {
        int[] all = [.. process.Topology.OfNode(node)], cpus = [.. all.Intersect(process.Allowed)];
        if (all.Length == 0) throw Refuse(ErrorKind.InvalidRequest, "numa-node", $"--numa-node {node}: this machine has no such node with CPUs; it has {string.Join(", ", process.Topology.Nodes)}.");
        if (cpus.Length == 0)
            throw Refuse(ErrorKind.InvalidRequest, "numa-node", $"--numa-node {node}: this process may run on CPUs {CpuList.Format(process.Allowed)} only, and the node's are {CpuList.Format(all)}.");
        return cpus;
    }

    private static ThreadPlacement OnList(IReadOnlyList<int> cpus, int? threads, string pin, int? node)
    {
        if (!CpuList.TryParse(pin, out int[] asked) || asked.Length == 0)
            throw Refuse(ErrorKind.InvalidRequest, "pin-threads", $"--pin-threads (or VLLM_CPU_OMP_THREADS_BIND) {pin} is not understood; auto, on, off and lists of CPUs such as 0-3,8 are.");
        int[] missing = [.. asked.Except(cpus)];
        if (missing.Length > 0)
            throw Refuse(ErrorKind.InvalidRequest, "pin-threads", $"--pin-threads {pin}: CPUs {CpuList.Format(missing)} are not there for this process{(node is null ? "" : $" on node {node}")}; {CpuList.Format(cpus)} are.");
        int count = threads ?? asked.Length;
        if (count > asked.Length) throw Refuse(ErrorKind.InvalidRequest, "pin-threads", $"--pin-threads {pin} has {asked.Length} CPUs, fewer than --threads {count}.");
        return new ThreadPlacement(count, [.. asked.Take(count)], IsPinned: true, "asked to be");
    }

    private static QuireException Refuse(ErrorKind kind, string flag, string message) => new(kind, message, param: flag);
}
