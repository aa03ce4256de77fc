using System.Runtime.ExceptionServices;
using System.Runtime.CompilerServices;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Threading;

/// <summary>One item of a parallel region; who runs it must not change its result.</summary>
internal interface IJob
{
    /// <param name="item">0 .. items - 1.</param>
    /// <param name="worker">0 .. <see cref="ComputePool.Workers"/> - 1, for scratch memory; the caller is worker 0.</param>
    void Run(int item, int worker);
}

/// <summary>Threads that run one parallel region at a time. The calling thread is worker 0; items are claimed one by one from <see cref="ItemRanges"/>, so uneven ones balance.
/// Workers spin for a moment after a region (the next one of a forward pass comes within microseconds), then sleep: an idle engine uses no CPU.</summary>
public sealed unsafe class ComputePool : IDisposable
{
    private const int Open = 1 << 30;
    private const int SpinsBeforeSleep = 16000;
    private const int SpinsBeforeYield = 4000;

    /// <summary>Bytes of scratch memory that a worker has inside a region.</summary>
    internal const int ScratchBytes = 256 * 1024;

    private readonly object gate = new();
    private readonly NativeBuffer scratch;
    private readonly Thread[] threads;
    private readonly SemaphoreSlim wake = new(0);
    private readonly ItemRanges ranges;
    private readonly CacheLineInt state = new(), generation = new(), sleeping = new();
    private delegate*<void*, int, int, void> body;
    private void* job;
    private volatile Exception? failure;
    private volatile bool stopping;

    // The pool whose worker 0 the calling thread has been placed as.
    [ThreadStatic]
    private static ComputePool? placedBy;

    /// <param name="workers">Threads of a region, the caller included; at least 1.</param>
    public ComputePool(int workers) : this(ThreadPlacement.Anywhere(workers))
    {
    }

    /// <param name="placement">Threads of a region, the caller included, and their CPUs. A thread that calls is placed as worker 0, unless it is the process's first one or of the runtime's pool.</param>
    public ComputePool(ThreadPlacement placement)
    {
        int workers = placement.Threads;
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        Placement = placement;
        Workers = workers;
        ranges = new ItemRanges(workers);
        scratch = new NativeBuffer((long)workers * ScratchBytes);
        threads = new Thread[workers - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            int worker = i + 1;
            threads[i] = new Thread(() => WorkerLoop(worker)) { IsBackground = true, Name = $"quire-compute-{worker}" };
            threads[i].Start();
        }
    }

    public int Workers { get; }

    public ThreadPlacement Placement { get; }

    /// <summary>This worker's scratch memory, <see cref="ScratchBytes"/> long; its contents end with the item.</summary>
    internal byte* Scratch(int worker) => (byte*)scratch.Address + ((nint)worker * ScratchBytes);

    /// <summary>Runs all items and returns when the last has ended. Several engines may call: their regions take turns.</summary>
    /// <exception cref="Exception">The first exception of an item, after all workers have left.</exception>
    internal void Run<TJob>(ref TJob job, int count) where TJob : struct, IJob
    {
        if (count <= 0) return;
        if (Placement.Cpus.Count > 0 && placedBy != this) PlaceCaller();
        lock (gate)
        {
            if (threads.Length == 0 || count == 1)
            {
                for (int i = 0; i < count; i++) job.Run(i, 0);
                return;
            }
            body = &Invoke<TJob>;
            this.job = Unsafe.AsPointer(ref job);
            ranges.Begin(count);
            Volatile.Write(ref state.Value, Open);
            Interlocked.Increment(ref generation.Value);
            int asleep = Volatile.Read(ref sleeping.Value);
            if (asleep > 0) wake.Release(asleep);
            Work(0);
            Interlocked.And(ref state.Value, ~Open);
            // The others are inside their last items, microseconds from the end; a yield to the system would cost more. It comes where they were suspended.
            for (int spins = 0; Volatile.Read(ref state.Value) != 0; spins++)
            {
                if (spins < SpinsBeforeYield) Thread.SpinWait(1);
                else Thread.Yield();
            }
            this.job = null;
            if (failure is { } e)
            {
                failure = null;
                // What is wrong with a file is said as it was found.
                if (e is QuireException) ExceptionDispatchInfo.Throw(e);
                throw new InvalidOperationException("A compute job failed: " + e.Message, e);
            }
        }
    }

    public void Dispose()
    {
        stopping = true;
        Interlocked.Increment(ref generation.Value);
        wake.Release(Math.Max(1, threads.Length));
        foreach (Thread thread in threads) thread.Join();
        wake.Dispose();
        scratch.Dispose();
    }

    private void PlaceCaller()
    {
        placedBy = this;
        if (CpuAffinity.MayBindThisThread()) CpuAffinity.TrySetThisThread(Placement.Of(0));
    }

    private static void Invoke<TJob>(void* job, int item, int worker) where TJob : struct, IJob => Unsafe.AsRef<TJob>(job).Run(item, worker);

    private void Work(int worker)
    {
        try
        {
            int owner = worker;
            for (int item; failure is null && (item = ranges.Claim(worker, ref owner)) >= 0;) body(job, item, worker);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref failure, e, null);
        }
    }

    private void WorkerLoop(int worker)
    {
        int seen = 0;
        // Where the system refuses, the thread runs where it may: slower perhaps, not wrong.
        if (Placement.Cpus.Count > 0) CpuAffinity.TrySetThisThread(Placement.Of(worker));
        while (true)
        {
            seen = WaitForRegion(seen);
            if (stopping) return;
            // A region is entered only while it is open: its caller closes it and then waits for those inside.
            for (int s = Volatile.Read(ref state.Value); (s & Open) != 0; s = Volatile.Read(ref state.Value))
            {
                if (Interlocked.CompareExchange(ref state.Value, s + 1, s) != s) continue;
                Work(worker);
                Interlocked.Decrement(ref state.Value);
                break;
            }
        }
    }

    private int WaitForRegion(int seen)
    {
        for (int i = 0; i < SpinsBeforeSleep; i++)
        {
            int now = Volatile.Read(ref generation.Value);
            if (now != seen) return now;
            Thread.SpinWait(1);
        }
        Interlocked.Increment(ref sleeping.Value);
        while (Volatile.Read(ref generation.Value) == seen) wake.Wait();
        Interlocked.Decrement(ref sleeping.Value);
        return Volatile.Read(ref generation.Value);
    }

    /// <summary>A counter that shares its cache line with nothing.</summary>
    private sealed class CacheLineInt
    {
        public int Value;
#pragma warning disable CS0169, IDE0051 // padding
        private readonly Padding padding;
#pragma warning restore CS0169, IDE0051
    }

    [InlineArray(15)]
    private struct Padding
    {
        private long element;
    }
}
