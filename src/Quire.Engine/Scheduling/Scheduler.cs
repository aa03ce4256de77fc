using Quire.Tensors;

namespace Quire.Engine;

/// <summary>Decides which sequences advance by how many tokens. It moves sequences and counts tokens and blocks; it knows no tensor, no device, no text.</summary>
internal sealed class Scheduler
{
    private readonly SchedulerOptions options;
    private readonly BlockManager blocks;
    private readonly ISchedulingPolicy policy;
    private readonly List<Sequence> running = [];
    private readonly List<Sequence> passedOver = [];
    private readonly StepPlan[] ring;
    private readonly Stack<int> freeRows = new();
    private readonly List<int> endedRows = [];
    private readonly HashSet<int> adapters = [];
    private readonly int[] known;
    private long arrivals, plans;
    private int rows;

    /// <param name="depth">Plans in flight at most.</param>
    public Scheduler(SchedulerOptions options, int depth = 1)
    {
        this.options = options;
        policy = SchedulingPolicies.Create(options.Policy);
        blocks = new BlockManager(options);
        ring = [.. Enumerable.Range(0, depth + 1).Select(_ => new StepPlan())];
        known = new int[blocks.Groups];
    }

    public IReadOnlyList<Sequence> Running => running;

    public IEnumerable<Sequence> Waiting => policy.Waiting;

    public int WaitingCount => policy.WaitingCount;

    public BlockManager Blocks => blocks;

    public long Preemptions { get; private set; }

    public bool HasWork => running.Count > 0 || policy.WaitingCount > 0;

    /// <summary>Puts a request into the queue.</summary>
    /// <param name="tag">Returned as <see cref="Sequence.Tag"/>.</param>
    public Sequence Add(EngineRequest request, object? tag = null)
    {
        var sequence = new Sequence(request, arrivals++, blocks.Groups, blocks.Root(request), options.MaxModelLength, options.BlockTokens) { Tag = tag };
        policy.Enqueue(sequence);
        return sequence;
    }

    /// <summary>Ends a sequence from outside; nothing of it is planned any more. No plan that names it may be in flight.</summary>
    public void Abort(Sequence sequence)
    {
        if (sequence.Finished is not null) return;
        if (!running.Remove(sequence)) policy.Remove(sequence);
        End(sequence, FinishReason.Abort);
    }

    /// <summary>Decides and reserves the next step. The plan is valid until as many further plans were made as may be in flight.</summary>
    public StepPlan Plan()
    {
        StepPlan plan = ring[plans % ring.Length];
        plan.Clear();
        plan.Number = plans++;
        foreach (int row in endedRows)
        {
            plan.Free(row);
            freeRows.Push(row);
        }
        endedRows.Clear();

        int budget = options.MaxBatchedTokens;
        if (PlanRunning(plan, ref budget)) Admit(plan, ref budget);
        for (int i = 0; i < plan.Sequences.Count; i++) plan.Sequences[i].ComputedTokens += plan.Rows[i].Tokens;
        return plan;
    }

    /// <summary>Commits a step's tokens, in the order of plans. Ended sequences are reported through <paramref name="outputs"/>.</summary>
    /// <param name="outputs">Called for each row that sampled or ended: the sequence, its index in the plan, and how many of its sampled tokens count.</param>
    public void Apply(StepPlan plan, StepResult result, Action<Sequence, int, int> outputs)
    {
        for (int i = 0; i < plan.Sequences.Count; i++)
        {
            Sequence sequence = plan.Sequences[i];
            if (sequence.Finished is not null) continue;
            PlannedRow row = plan.Rows[i];
            int sampled = result.Count(i);
            // Drafts that were not accepted were computed in vain.
            if (row.DraftCount > 0 && sampled > 0) sequence.ComputedTokens -= row.DraftCount - (sampled - 1);
            sequence.Drafts.Clear();

            int accepted = 0;
            while (accepted < sampled && sequence.Finished is null)
            {
                SampledToken token = result.Token(i, accepted);
                if (token.IsInvalid)
                {
                    sequence.Finished = FinishReason.Error;
                    break;
                }
                sequence.Append(token.Id);
                accepted++;
                sequence.Finished = StopCheck(sequence, token.Id);
            }
            if (accepted > 0 || sequence.Finished is not null || result.PromptTokens(i) is not null) outputs(sequence, i, accepted);
            if (sequence.Finished is { } reason)
            {
                running.Remove(sequence);
                End(sequence, reason);
            }
        }
    }

    /// <summary>The step failed: what it announced is withdrawn, its sequences end.</summary>
    public void Fail(StepPlan plan, Action<Sequence> failed)
    {
        for (int i = 0; i < plan.Sequences.Count; i++)
        {
            Sequence sequence = plan.Sequences[i];
            if (sequence.Finished is not null) continue;
            blocks.Withdraw(sequence, plan.Rows[i].Start);
            running.Remove(sequence);
            End(sequence, FinishReason.Error);
            failed(sequence);
        }
    }

    // Running sequences first, in admission order. Who finds no block evicts the newest (or least urgent) one, perhaps itself;
    // the evicted recompute from their tokens. False: somebody was evicted, so nobody is admitted.
    private bool PlanRunning(StepPlan plan, ref int budget)
    {
        bool evicted = false;
        for (int i = 0; i < running.Count && budget > 0; i++)
        {
            Sequence sequence = running[i];
            int tokens = Offer(sequence, sequence.TokensToCompute, budget);
            if (tokens <= 0) continue;
            Remember(sequence);
            while (!blocks.TryAppend(sequence, tokens))
            {
                Sequence victim = policy.Victim(running);
                int position = running.IndexOf(victim);
                if (plan.Withdraw(victim) is > 0 and var withdrawn)
                {
                    // What it was to compute in this step must not be found as computed.
                    blocks.Withdraw(victim, victim.ComputedTokens);
                    budget += withdrawn;
                }
                running.RemoveAt(position);
                if (position <= i) i--;
                Preempt(victim);
                evicted = true;
                if (victim == sequence) return false;
            }
            CutDrafts(sequence, tokens);
            plan.Add(sequence, tokens, isFirst: false, replacesTables: false, known);
            budget -= tokens;
        }
        return !evicted;
    }

    // Waiting sequences in the policy's order; the first that does not fit ends the scan, only adapters beyond the limit are passed over.
    private void Admit(StepPlan plan, ref int budget)
    {
        CountAdapters();
        while (budget > 0 && running.Count < options.MaxSequences && policy.TryPeek(out Sequence sequence))
        {
            if (ExceedsAdapters(sequence))
            {
                passedOver.Add(policy.Dequeue());
                continue;
            }
            int hit = blocks.FindPrefix(sequence);
            int missing = sequence.TokenCount - hit;
            int tokens = Limit(missing);
            if (!options.ChunkedPrefill && tokens > budget) break;
            tokens = Math.Min(tokens, budget);
            int spare = running.Count > 0 ? (int)(options.Watermark * (blocks.Total + 1)) : 0;
            if (!blocks.TryAppend(sequence, tokens, hit, spare, options.ReserveFullPrompt)) break;

            policy.Dequeue();
            blocks.Record(sequence, hit);
            if (sequence.CachedPromptTokens < 0) sequence.CachedPromptTokens = hit;
            sequence.ComputedTokens = hit;
            bool isFirst = sequence.Row < 0;
            if (isFirst) sequence.Row = freeRows.TryPop(out int free) ? free : rows++;
            running.Add(sequence);
            if (sequence.Request.Adapter != 0) adapters.Add(sequence.Request.Adapter);
            Array.Clear(known);
            plan.Add(sequence, tokens, isFirst, replacesTables: true, known);
            budget -= tokens;
        }
        for (int i = passedOver.Count - 1; i >= 0; i--) policy.Requeue(passedOver[i]);
        passedOver.Clear();
    }

    // Of a text's last token nothing is computed: it ends the sequence. A prompt whose rows are pooled may fill the context.
    private int Offer(Sequence sequence, int wanted, int budget) =>
        Math.Min(Math.Min(Limit(wanted), budget), options.MaxModelLength - (sequence.Request.Pools ? 0 : 1) - sequence.ComputedTokens);

    // A long prompt leaves room for others, if there are others.
    private int Limit(int wanted)
    {
        bool alone = running.Count + policy.WaitingCount <= 1;
        return options.LongPrefillThreshold > 0 && !alone ? Math.Min(wanted, options.LongPrefillThreshold) : wanted;
    }

    private void Remember(Sequence sequence)
    {
        for (int group = 0; group < known.Length; group++) known[group] = sequence.Tables[group].Count;
    }

    private static void CutDrafts(Sequence sequence, int tokens)
    {
        int drafts = Math.Max(0, tokens + sequence.ComputedTokens - sequence.TokenCount);
        if (sequence.Drafts.Count > drafts) sequence.Drafts.RemoveRange(drafts, sequence.Drafts.Count - drafts);
    }

    private void Preempt(Sequence victim)
    {
        blocks.Release(victim);
        victim.ComputedTokens = 0;
        victim.Drafts.Clear();
        victim.WasPreempted = true;
        victim.Preemptions++;
        Preemptions++;
        policy.Requeue(victim);
    }

    private FinishReason? StopCheck(Sequence sequence, int token)
    {
        SamplingParameters parameters = sequence.Parameters;
        if (!parameters.IgnoreEos && options.EosTokenIds.Contains(token)) return FinishReason.Stop;
        if (parameters.StopTokenIds.Contains(token)) return FinishReason.Stop;
        return sequence.TokenCount >= options.MaxModelLength || sequence.OutputCount >= parameters.MaxTokens ? FinishReason.Length : null;
    }

    private void End(Sequence sequence, FinishReason reason)
    {
        sequence.Finished = reason;
        blocks.Release(sequence);
        if (sequence.Row >= 0) endedRows.Add(sequence.Row);
    }

    private void CountAdapters()
    {
        adapters.Clear();
        foreach (Sequence sequence in running)
            if (sequence.Request.Adapter != 0) adapters.Add(sequence.Request.Adapter);
    }

    private bool ExceedsAdapters(Sequence sequence) =>
        options.MaxAdapters > 0 && sequence.Request.Adapter != 0 && !adapters.Contains(sequence.Request.Adapter) && adapters.Count >= options.MaxAdapters;
}
