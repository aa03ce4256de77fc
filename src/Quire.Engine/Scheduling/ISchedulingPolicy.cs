namespace Quire.Engine;

/// <summary>Who waits where, and who gives way. One policy per class, chosen by name.</summary>
internal interface ISchedulingPolicy
{
    string Name { get; }

    int WaitingCount { get; }

    /// <summary>Waiting sequences in the order in which they will be tried.</summary>
    IEnumerable<Sequence> Waiting { get; }

    void Enqueue(Sequence sequence);

    /// <summary>A preempted or passed-over sequence goes back to where it will be tried first among its equals.</summary>
    void Requeue(Sequence sequence);

    bool TryPeek(out Sequence sequence);

    Sequence Dequeue();

    bool Remove(Sequence sequence);

    /// <summary>The running sequence that gives way first.</summary>
    Sequence Victim(IReadOnlyList<Sequence> running);
}

internal static class SchedulingPolicies
{
    private static readonly Dictionary<string, Func<ISchedulingPolicy>> All = new() { ["fcfs"] = () => new FirstComeFirstServed(), ["priority"] = () => new PriorityOrder() };

    /// <exception cref="QuireException">There is no policy of that name.</exception>
    public static ISchedulingPolicy Create(string name) => All.TryGetValue(name, out Func<ISchedulingPolicy>? create)
        ? create()
        : throw new QuireException(ErrorKind.InvalidRequest, $"There is no scheduling policy '{name}'; {string.Join(" and ", All.Keys)} exist.", param: "scheduling-policy");
}

/// <summary>In order of arrival; the newest running sequence gives way and then waits before all others.</summary>
internal sealed class FirstComeFirstServed : ISchedulingPolicy
{
    private readonly LinkedList<Sequence> waiting = new();

    public string Name => "fcfs";

    public int WaitingCount => waiting.Count;

    public IEnumerable<Sequence> Waiting => waiting;

    public void Enqueue(Sequence sequence) => waiting.AddLast(sequence);

    public void Requeue(Sequence sequence) => waiting.AddFirst(sequence);

    public bool TryPeek(out Sequence sequence)
    {
        sequence = waiting.First?.Value!;
        return sequence is not null;
    }

    public Sequence Dequeue()
    {
        Sequence first = waiting.First!.Value;
        waiting.RemoveFirst();
        return first;
    }

    public bool Remove(Sequence sequence) => waiting.Remove(sequence);

    public Sequence Victim(IReadOnlyList<Sequence> running) => running[^1];
}

/// <summary>Smaller priority first, then order of arrival; the least urgent running sequence gives way.</summary>
internal sealed class PriorityOrder : ISchedulingPolicy
{
    private static readonly Comparer<Sequence> Order = Comparer<Sequence>.Create(
        (a, b) => (a.Request.Priority, a.Arrival).CompareTo((b.Request.Priority, b.Arrival)));

    private readonly SortedSet<Sequence> waiting = new(Order);

    public string Name => "priority";

    public int WaitingCount => waiting.Count;

    public IEnumerable<Sequence> Waiting => waiting;

    public void Enqueue(Sequence sequence) => waiting.Add(sequence);

    public void Requeue(Sequence sequence) => waiting.Add(sequence);

    public bool TryPeek(out Sequence sequence)
    {
        sequence = waiting.Min!;
        return sequence is not null;
    }

    public Sequence Dequeue()
    {
        Sequence first = waiting.Min!;
        waiting.Remove(first);
        return first;
    }

    public bool Remove(Sequence sequence) => waiting.Remove(sequence);

    public Sequence Victim(IReadOnlyList<Sequence> running) => running.Max(Order)!;
}
