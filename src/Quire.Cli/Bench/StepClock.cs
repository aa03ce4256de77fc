using System.Diagnostics;
using Quire.Engine;

namespace Quire.Cli;

/// <summary>Time and managed bytes of the engine's thread from one full step to the next: execution, sampling, applying, publishing, planning.</summary>
/// <param name="sequences">Steps of fewer rows are not counted.</param>
internal sealed class StepClock(IExecutor inner, int sequences, int capacity) : IExecutor
{
    private readonly double[] seconds = new double[capacity];
    private readonly long[] bytes = new long[capacity];
    private long lastTime, lastBytes;
    private bool wasFull;

    /// <summary>Steps that were counted.</summary>
    public int Count { get; private set; }

    public IEnumerable<double> Seconds => seconds.Take(Count);

    public IEnumerable<long> Bytes => bytes.Take(Count);

    public void Forward(StepPlan plan)
    {
        long time = Stopwatch.GetTimestamp(), allocated = GC.GetAllocatedBytesForCurrentThread();
        bool isFull = plan.Rows.Count == sequences;
        if (isFull && wasFull && Count < capacity)
        {
            seconds[Count] = Stopwatch.GetElapsedTime(lastTime, time).TotalSeconds;
            bytes[Count++] = allocated - lastBytes;
        }
        (lastTime, lastBytes, wasFull) = (time, allocated, isFull);
        inner.Forward(plan);
    }

    public StepResult Sample(StepPlan plan) => inner.Sample(plan);

    public void Dispose() => inner.Dispose();
}
