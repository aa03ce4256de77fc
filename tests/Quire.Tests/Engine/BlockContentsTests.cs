using Quire.Engine;

namespace Quire.Tests.Engine;

/// <summary>Random traffic over pools that are too small, with an executor that writes into every block and slot which text it holds: whatever a row sees, or goes on from, is its own text's.</summary>
public sealed class BlockContentsTests
{
    private const int BlockTokens = 4, Interval = 8;

    public static IEnumerable<TheoryDataRow<string, int, int>> Cases =>
        from policy in (string[])["fcfs", "priority"]
        from window in (int[])[0, 6]
        from seed in Enumerable.Range(1, 10)
        select new TheoryDataRow<string, int, int>(policy, window, seed);

    [Theory, MemberData(nameof(Cases))]
    public void Rows_see_their_own_text(string policy, int window, int seed)
    {
        var random = new Random(seed);
        var options = new SchedulerOptions
        {
            MaxSequences = 5,
            MaxBatchedTokens = 22,
            MaxModelLength = 48,
            BlockTokens = BlockTokens,
            Blocks = 26,
            GroupWindows = window == 0 ? [0] : [0, window],
            StateInterval = Interval,
            StateSlots = 12,
            Policy = policy,
            ReserveFullPrompt = seed % 2 == 0,
            LongPrefillThreshold = seed % 3 == 0 ? 0 : 5,
        };
        var traffic = new Traffic(options, random);
        for (int step = 0; step < 600; step++) traffic.Step();
        Assert.True(traffic.Hits > 0, "no prefix was found");
        Assert.True(traffic.Scheduler.Preemptions > 0, "nobody gave way");
        traffic.Drain();
        Assert.Equal(options.Blocks - 1, traffic.Scheduler.Blocks.Free);
        Assert.True(traffic.Scheduler.Blocks.ResetPrefixCache(), "a block or slot is still in use");
    }

    private sealed class Traffic(SchedulerOptions options, Random random)
    {
        private readonly List<Sequence> live = [];
        private readonly Dictionary<(int Block, int Offset), ulong> written = [];
        private readonly Dictionary<int, ulong> states = [];
        private readonly List<RunnerRow> rows = [];
        private readonly StepResult result = new();

        public Scheduler Scheduler { get; } = new(options);

        public long Hits => Scheduler.Blocks.Statistics.Hits + Scheduler.Blocks.Statistics.PreemptedHits;

        public void Step()
        {
            if (live.Count < 9 && random.Next(2) == 0) Add();
            if (live.Count > 0 && random.Next(12) == 0) Abort(live[random.Next(live.Count)]);
            Run();
        }

        public void Drain()
        {
            while (Scheduler.HasWork) Run();
        }

        // Few first halves, so that prompts share prefixes.
        private void Add()
        {
            int kind = random.Next(3), length = random.Next(1, 34);
            int[] prompt = [.. Enumerable.Range(0, length).Select(i => i < 20 ? (kind * 7) + (i % 3) : random.Next(3))];
            live.Add(Scheduler.Add(new EngineRequest { Id = "", Prompt = prompt, Priority = random.Next(3), Parameters = new SamplingParameters { MaxTokens = random.Next(1, 15), IgnoreEos = true } }));
        }

        private void Abort(Sequence sequence)
        {
            Scheduler.Abort(sequence);
            live.Remove(sequence);
        }

        private void Run()
        {
            StepPlan plan = Scheduler.Plan();
            for (int i = 0; i < plan.Rows.Count; i++) TakeOver(plan, plan.Rows[i]);
            // As kernels do it: keys and values of all rows first, then what they see; states in the order of rows.
            for (int i = 0; i < plan.Rows.Count; i++) Write(plan.Rows[i], plan.Sequences[i]);
            for (int i = 0; i < plan.Rows.Count; i++) Read(plan.Rows[i], plan.Sequences[i]);
            result.Clear();
            foreach (PlannedRow row in plan.Rows)
            {
                result.BeginRow();
                if (row.Samples) result.AddToken().Id = random.Next(3);
            }
            Scheduler.Apply(plan, result, (sequence, _, _) =>
            {
                if (sequence.Finished is not null) live.Remove(sequence);
            });
        }

        private void TakeOver(StepPlan plan, PlannedRow planned)
        {
            while (rows.Count <= planned.Row) rows.Add(new RunnerRow());
            if (planned.Request is { } request) rows[planned.Row].Begin(request, options.GroupWindows.Count + 1, options.MaxModelLength);
            if (planned.ReplacesTables)
                foreach (List<int> table in rows[planned.Row].Tables) table.Clear();
            foreach (NewBlock block in plan.Blocks.Skip(planned.FirstBlock).Take(planned.BlockCount)) rows[planned.Row].Tables[block.Group].Add(block.Id);
        }

        private void Write(PlannedRow planned, Sequence sequence)
        {
            for (int position = planned.Start; position < planned.Start + planned.Tokens; position++)
                for (int group = 0; group < options.GroupWindows.Count; group++)
                    written[(rows[planned.Row].Tables[group][position / BlockTokens], position % BlockTokens)] = Text(sequence, position + 1);
        }

        private void Read(PlannedRow planned, Sequence sequence)
        {
            List<int> slots = rows[planned.Row].Tables[^1];
            for (int position = planned.Start; position < planned.Start + planned.Tokens; position++)
            {
                for (int group = 0; group < options.GroupWindows.Count; group++)
                {
                    int window = options.GroupWindows[group];
                    for (int seen = window == 0 ? 0 : Math.Max(0, position - window + 1); seen <= position; seen++)
                        Assert.Equal(Text(sequence, seen + 1), written[(rows[planned.Row].Tables[group][seen / BlockTokens], seen % BlockTokens)]);
                }
                if (position > 0) Assert.Equal(Text(sequence, position), states[slots[(position - 1) / Interval]]);
                states[slots[position / Interval]] = Text(sequence, position + 1);
            }
        }

        private static ulong Text(Sequence sequence, int tokens)
        {
            ulong hash = 14695981039346656037;
            for (int i = 0; i < tokens; i++) hash = (hash ^ (ulong)(sequence.Tokens[i] + 1)) * 1099511628211;
            return hash;
        }
    }
}
