using System.Text.Json;
using Quire.Engine;
using Quire.Golden;

namespace Quire.Conformance.Engine;

/// <summary>Replays recorded scenarios of vLLM's scheduler and compares every step.</summary>
[Trait("golden", "scheduler")]
public sealed class SchedulerGoldenTests
{
    private const int Eos = 2;

    public static IEnumerable<TheoryDataRow<string>> Cases =>
        GoldenFolder.Find("scheduler/cases") is { } folder && Directory.GetFiles(folder, "*.json") is { Length: > 0 } files
            ? files.Order().Select(file => new TheoryDataRow<string>(Path.GetFileNameWithoutExtension(file)!))
            : [new TheoryDataRow<string>("")];

    [Theory, MemberData(nameof(Cases))]
    public void Every_step_equals_the_recording(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/scheduler here");
        using JsonDocument json = GoldenFolder.ReadJson(Path.Combine(GoldenFolder.Find("scheduler/cases")!, name + ".json"));
        new Replay(json.RootElement).Run();
    }

    private sealed class Replay(JsonElement scenario)
    {
        private readonly JsonElement config = scenario.GetProperty("config");
        private readonly Dictionary<string, Sequence> live = [];
        private readonly Dictionary<string, JsonElement> requests = scenario.GetProperty("requests").EnumerateArray().ToDictionary(Id);
        private readonly Dictionary<string, int> adapterIds = [];
        private readonly StepResult result = new();
        private Scheduler scheduler = null!;
        private List<string> ended = [];

        public void Run()
        {
            scheduler = new Scheduler(Options());
            foreach (JsonElement step in scenario.GetProperty("steps").EnumerateArray()) RunStep(step);
        }

        private void RunStep(JsonElement step)
        {
            int number = step.GetProperty("step").GetInt32();
            foreach (string id in Strings(step, "arrivals")) live[id] = scheduler.Add(Request(requests[id]), id);
            foreach (JsonElement action in scenario.GetProperty("actions").EnumerateArray().Where(a => a.GetProperty("step").GetInt32() == number))
            {
                if (action.GetProperty("do").GetString() == "abort")
                {
                    foreach (string id in Strings(action, "ids")) Abort(id);
                }
                else
                {
                    Equal(number, "reset", step.GetProperty("reset_prefix_cache").GetBoolean(), scheduler.Blocks.ResetPrefixCache());
                }
            }
            PrefixCounts before = Counts();
            Dictionary<string, bool> wasRunning = scheduler.Running.ToDictionary(s => s.Request.Id, _ => true);
            Dictionary<string, bool> hadRow = live.ToDictionary(p => p.Key, p => p.Value.Row >= 0);
            StepPlan plan = scheduler.Plan();
            string[] planned = [.. plan.Sequences.Select(s => s.Request.Id)];

            Equal(number, "scheduled", Join(step.GetProperty("scheduled").EnumerateArray().Select(s =>
                    $"{Id(s)}:{s.GetProperty("tokens")}@{s.GetProperty("computed_before")}+{(s.TryGetProperty("drafts", out JsonElement d) ? d.GetInt32() : 0)}")),
                Join(plan.Rows.Select((row, i) => $"{planned[i]}:{row.Tokens}@{row.Start}+{row.DraftCount}")));
            Equal(number, "running", Join(Strings(step, "running")), Join(scheduler.Running.Select(s => s.Request.Id)));
            Equal(number, "waiting", Join(Strings(step, "waiting")), Join(scheduler.Waiting.Select(s => s.Request.Id)));
            Equal(number, "new", Join(Strings(step, "new").Order()), Join(planned.Where(id => !hadRow[id]).Order()));
            Equal(number, "resumed", Join(Strings(step, "resumed").Order()), Join(planned.Where((id, i) => hadRow[id] && plan.Rows[i].ReplacesTables).Order()));
            Equal(number, "preempted", Join(Strings(step, "preempted").Order()),
                Join(wasRunning.Keys.Where(id => scheduler.Running.All(s => s.Request.Id != id)).Order()));
            Equal(number, "finished before", Join(Strings(step, "finished_before_step").Order()), Join(ended.Order()));
            ended = [];
            Equal(number, "free blocks", step.GetProperty("free_blocks").GetInt32(), scheduler.Blocks.Free);
            foreach (JsonProperty lengths in step.GetProperty("blocks").EnumerateObject())
                Equal(number, "blocks of " + lengths.Name, Join(lengths.Value.EnumerateArray().Select(n => n.ToString())), Join(live[lengths.Name].Tables.Select(t => t.Count.ToString())));
            if (step.TryGetProperty("null_blocks", out JsonElement nulls))
            {
                foreach (JsonProperty counts in nulls.EnumerateObject())
                    Equal(number, "null blocks of " + counts.Name, Join(counts.Value.EnumerateArray().Select(n => n.ToString())),
                        Join(live[counts.Name].Tables.Select(t => t.Ids.ToArray().Count(id => id == 0).ToString())));
            }
            PrefixCounts expected = step.TryGetProperty("prefix", out JsonElement p) ? PrefixCounts.Of(p) : default;
            Equal(number, "prefix", expected, Counts() - before);
            Sharing(number, step);

            Apply(number, step, plan, planned);
            Equal(number, "free blocks after", step.GetProperty("free_blocks_after").GetInt32(), scheduler.Blocks.Free);
            if (step.TryGetProperty("drafts_proposed", out JsonElement drafts))
                foreach (JsonProperty proposed in drafts.EnumerateObject()) live[proposed.Name].Drafts.AddRange(Ints(proposed.Value));
        }

        private void Apply(int number, JsonElement step, StepPlan plan, string[] planned)
        {
            result.Clear();
            JsonElement sampled = step.GetProperty("sampled");
            for (int i = 0; i < planned.Length; i++)
            {
                result.BeginRow();
                int[] tokens = Ints(sampled.GetProperty(planned[i]));
                Equal(number, "samples " + planned[i], tokens.Length > 0, plan.Rows[i].Samples);
                foreach (int token in tokens) result.AddToken().Id = token;
            }
            Dictionary<string, int[]> emitted = [];
            Dictionary<string, string> finished = [];
            scheduler.Apply(plan, result, (sequence, row, count) =>
            {
                if (count > 0) emitted[sequence.Request.Id] = [.. Enumerable.Range(0, count).Select(i => result.Token(row, i).Id)];
                if (sequence.Finished is not { } reason) return;
                ended.Add(sequence.Request.Id);
                int last = sequence.Tokens[^1];
                bool byStopId = reason == FinishReason.Stop && (sequence.Parameters.IgnoreEos || last != Eos);
                finished[sequence.Request.Id] = $"{(reason == FinishReason.Stop ? "stop" : "length")}/{(byStopId ? last : "")}";
            });
            Equal(number, "emitted", Join(step.GetProperty("emitted").EnumerateObject().Select(e => $"{e.Name}:{string.Join(' ', Ints(e.Value))}").Order()),
                Join(emitted.Select(e => $"{e.Key}:{string.Join(' ', e.Value)}").Order()));
            IEnumerable<string> expected = step.TryGetProperty("finished", out JsonElement f)
                ? f.EnumerateObject().Select(e => $"{e.Name}={e.Value.GetProperty("reason").GetString()}/{(e.Value.GetProperty("stop_reason") is { ValueKind: JsonValueKind.Number } stop ? stop.GetInt32() : "")}")
                : [];
            Equal(number, "finished", Join(expected.Order()), Join(finished.Select(e => $"{e.Key}={e.Value}").Order()));
            if (step.TryGetProperty("cached_tokens", out JsonElement cached))
                foreach (JsonProperty tokens in cached.EnumerateObject()) Equal(number, "cached tokens", tokens.Value.GetInt32(), live[tokens.Name].CachedPromptTokens);
        }

        // Ids may differ from the reference's; who shares which block may not.
        private void Sharing(int number, JsonElement step)
        {
            Dictionary<int, int> ours = [];
            Dictionary<int, int> theirs = [];
            foreach (JsonProperty request in step.GetProperty("block_ids").EnumerateObject())
            {
                int group = 0;
                foreach (JsonElement ids in request.Value.EnumerateArray())
                {
                    int[] expected = Ints(ids);
                    ReadOnlySpan<int> actual = live[request.Name].Tables[group++].Ids;
                    for (int i = 0; i < expected.Length; i++)
                    {
                        Equal(number, $"block {i} of {request.Name} stands for", expected[i], theirs.TryAdd(actual[i], expected[i]) ? expected[i] : theirs[actual[i]]);
                        Equal(number, $"block {i} of {request.Name} is", actual[i], ours.TryAdd(expected[i], actual[i]) ? actual[i] : ours[expected[i]]);
                    }
                }
            }
        }

        private void Abort(string id)
        {
            scheduler.Abort(live[id]);
            ended.Add(id);
        }

        private PrefixCounts Counts()
        {
            PrefixCacheStatistics s = scheduler.Blocks.Statistics;
            return new(s.Requests, s.Queries, s.Hits, s.PreemptedRequests, s.PreemptedQueries, s.PreemptedHits);
        }

        private SchedulerOptions Options()
        {
            int window = Number("sliding_window");
            bool hybrid = config.TryGetProperty("hybrid", out JsonElement h) && h.GetBoolean();
            return new SchedulerOptions
            {
                MaxSequences = Number("max_num_seqs"),
                MaxBatchedTokens = Number("max_num_batched_tokens"),
                MaxModelLength = Number("max_model_len"),
                BlockTokens = Number("block_size"),
                Blocks = Number("num_blocks"),
                GroupWindows = window == 0 ? [0] : hybrid ? [0, window] : [window],
                LongPrefillThreshold = Number("long_prefill_token_threshold"),
                ChunkedPrefill = config.GetProperty("enable_chunked_prefill").GetBoolean(),
                PrefixCaching = config.GetProperty("prefix_caching").GetBoolean(),
                Policy = config.GetProperty("policy").GetString()!,
                SpeculativeTokens = Number("num_spec_tokens"),
                MaxAdapters = Number("max_loras"),
                ReserveFullPrompt = config.GetProperty("reserve_full_prompt").GetBoolean(),
                Watermark = config.GetProperty("watermark").GetDouble(),
                EosTokenIds = [Eos],
            };
        }

        private EngineRequest Request(JsonElement request) => new()
        {
            Id = Id(request),
            Prompt = Ints(request.GetProperty("prompt")),
            Priority = request.TryGetProperty("priority", out JsonElement priority) ? priority.GetInt32() : 0,
            CacheSalt = request.TryGetProperty("cache_salt", out JsonElement salt) ? salt.GetString() : null,
            Adapter = request.TryGetProperty("lora", out JsonElement lora) && lora.GetString() is { } name ? AdapterId(name) : 0,
            Parameters = new SamplingParameters
            {
                Temperature = 0,
                MaxTokens = request.GetProperty("max_tokens").GetInt32(),
                MinTokens = request.TryGetProperty("min_tokens", out JsonElement min) ? min.GetInt32() : 0,
                IgnoreEos = request.TryGetProperty("ignore_eos", out JsonElement ignore) && ignore.GetBoolean(),
                StopTokenIds = request.TryGetProperty("stop_token_ids", out JsonElement stops) && stops.ValueKind == JsonValueKind.Array ? Ints(stops) : [],
                PromptLogprobs = request.TryGetProperty("prompt_logprobs", out JsonElement prompt) && prompt.ValueKind == JsonValueKind.Number ? prompt.GetInt32() : null,
            },
        };

        private int AdapterId(string name) => adapterIds.TryGetValue(name, out int id) ? id : adapterIds[name] = adapterIds.Count + 1;

        private int Number(string name) => config.GetProperty(name).GetInt32();

        private static string Id(JsonElement element) => element.GetProperty("id").GetString()!;

        private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(n => n.GetInt32())];

        private static IEnumerable<string> Strings(JsonElement element, string name) =>
            element.TryGetProperty(name, out JsonElement array) ? array.EnumerateArray().Select(s => s.GetString()!) : [];

        private static string Join(IEnumerable<string> parts) => string.Join(", ", parts);

        private static void Equal<T>(int step, string what, T expected, T actual) =>
            Assert.True(EqualityComparer<T>.Default.Equals(expected, actual), $"step {step}, {what}: expected {expected}, got {actual}");
    }

    private readonly record struct PrefixCounts(long Requests, long Queries, long Hits, long PreemptedRequests, long PreemptedQueries, long PreemptedHits)
    {
        public static PrefixCounts Of(JsonElement e) => new(N(e, "requests"), N(e, "queries"), N(e, "hits"), N(e, "preempted_requests"), N(e, "preempted_queries"), N(e, "preempted_hits"));

        public static PrefixCounts operator -(PrefixCounts a, PrefixCounts b) => new(a.Requests - b.Requests, a.Queries - b.Queries, a.Hits - b.Hits,
            a.PreemptedRequests - b.PreemptedRequests, a.PreemptedQueries - b.PreemptedQueries, a.PreemptedHits - b.PreemptedHits);

        private static long N(JsonElement e, string name) => e.GetProperty(name).GetInt64();
    }
}
