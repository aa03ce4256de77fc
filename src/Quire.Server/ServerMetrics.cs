using System.Collections.Concurrent;
using System.Text;
using Quire.Engine;

namespace Quire.Server;

/// <summary>What /metrics shows: vLLM's names, labels and buckets for what this server has.</summary>
internal sealed class ServerMetrics
{
    private static readonly string[] FinishReasons = ["stop", "length", "abort", "error"];

    private readonly ConcurrentDictionary<string, long> finished = new(FinishReasons.Select(reason => KeyValuePair.Create(reason, 0L)));
    private long cachedTokens;

    public Histogram FirstToken { get; } = new("vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.", Histogram.FirstToken);

    public Histogram BetweenTokens { get; } = new("vllm:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", Histogram.BetweenTokens);

    public Histogram PerOutputToken { get; } = new("vllm:request_time_per_output_token_seconds", "Histogram of time_per_output_token_seconds per request.", Histogram.BetweenTokens);

    public Histogram Latency { get; } = new("vllm:e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", Histogram.Latency);

    public Histogram PromptTokens { get; } = new("vllm:request_prompt_tokens", "Number of prefill tokens processed.", Histogram.Tokens);

    public Histogram GenerationTokens { get; } = new("vllm:request_generation_tokens", "Number of generation tokens processed.", Histogram.Tokens);

    public Histogram MaxTokens { get; } = new("vllm:request_params_max_tokens", "Histogram of the max_tokens request parameter.", Histogram.Tokens);

    public Histogram Choices { get; } = new("vllm:request_params_n", "Histogram of the n request parameter.", 1, 2, 5, 10, 20);

    /// <summary>Starts the clock of a request.</summary>
    public RequestTimer Begin(int promptTokens, int maxTokens, int choices)
    {
        MaxTokens.Observe(maxTokens);
        Choices.Observe(choices);
        return new RequestTimer(this, promptTokens, choices);
    }

    public void Finished(FinishReason reason) => finished.AddOrUpdate(reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.Abort => "abort",
        _ => "error",
    }, 1, (_, count) => count + 1);

    public void Cached(int tokens) => Interlocked.Add(ref cachedTokens, tokens);

    /// <param name="engine">Null while the model is loading.</param>
    public string Text(string model, QuireEngine? engine)
    {
        string labels = $"engine=\"0\",model_name=\"{Label(model)}\"";
        var text = new StringBuilder();
        if (engine?.Statistics is { } now)
        {
            Gauge("vllm:num_requests_running", "Number of requests in model execution batches.", now.Running);
            Gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", now.Waiting);
            Gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", 1 - ((double)now.FreeBlocks / now.TotalBlocks));
            Counter("vllm:prefix_cache_queries_total", "Prefix cache queries, in terms of number of queried tokens.", now.PrefixQueries);
            Counter("vllm:prefix_cache_hits_total", "Prefix cache hits, in terms of number of cached tokens.", now.PrefixHits);
            Counter("vllm:num_preemptions_total", "Cumulative number of preemption from the engine.", now.Preemptions);
            Counter("vllm:prompt_tokens_total", "Number of prefill tokens processed.", now.PromptTokens);
            Counter("vllm:prompt_tokens_cached_total", "Number of cached prompt tokens (local + external).", Interlocked.Read(ref cachedTokens));
            Counter("vllm:generation_tokens_total", "Number of generation tokens processed.", now.GeneratedTokens);
        }
        Head("vllm:request_success_total", "Count of successfully processed requests.", "counter");
        foreach (string reason in FinishReasons)
            text.Append("vllm:request_success_total{engine=\"0\",finished_reason=\"").Append(reason).Append("\",").Append(labels.AsSpan(11)).Append("} ").Append(PrometheusNumber.Text(finished[reason])).Append('\n');
        if (engine?.AdapterTraffic is { } traffic)
        {
            Head("vllm:lora_requests_info", "Running stats on lora requests.", "gauge");
            text.Append("vllm:lora_requests_info{max_lora=\"").Append(engine.Options.MaxLoras)
                .Append("\",running_lora_adapters=\"").Append(Label(string.Join(',', traffic.Running)))
                .Append("\",waiting_lora_adapters=\"").Append(Label(string.Join(',', traffic.Waiting)))
                .Append("\"} ").Append(PrometheusNumber.Text(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0)).Append('\n');
        }
        foreach (Histogram histogram in (Histogram[])[PromptTokens, GenerationTokens, Choices, MaxTokens, FirstToken, BetweenTokens, PerOutputToken, Latency]) histogram.Write(text, labels);
        return text.ToString();

        static string Label(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

        void Gauge(string name, string help, double value) => Write(name, help, "gauge", value);

        void Counter(string name, string help, double value) => Write(name, help, "counter", value);

        void Write(string name, string help, string type, double value)
        {
            Head(name, help, type);
            text.Append(name).Append('{').Append(labels).Append("} ").Append(PrometheusNumber.Text(value)).Append('\n');
        }

        void Head(string name, string help, string type)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        }
    }
}
