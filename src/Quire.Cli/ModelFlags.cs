using System.CommandLine;

namespace Quire.Cli;

/// <summary>The flags that choose and size a model, shared by all commands. Names and meanings are vLLM's.</summary>
internal sealed class ModelFlags
{
    private readonly Argument<string?> positional = new("model")
    {
        Description = "A folder with config.json and safetensors files, a .gguf file, a Hub id in the local cache, or demo, the built-in model.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> model = new("--model") { Description = "The same as the argument." };
    private readonly Option<string> dtype = new("--dtype") { Description = "Arithmetic: auto (what the checkpoint says), float32, bfloat16, float16.", DefaultValueFactory = _ => "auto" };
    private readonly Option<string> activations = new("--cpu-activations") { Description = "What products round their inputs to: auto (int8 for block-quantised GGUF, else bf16), f32, bf16, int8.", DefaultValueFactory = _ => "auto" };
    private readonly Option<string?> quantization = new("--quantization", "-q") { Description = "Default: what the checkpoint says. Its name (awq, gptq, fp8, compressed-tensors, modelopt, bitsandbytes, mxfp4, gguf) is checked; fp8, int8 and int4 round a 16-bit checkpoint at load." };
    private readonly Option<string> kvDtype = new("--kv-cache-dtype") { Description = "Keys and values: auto (as --dtype, or fp8 where the checkpoint says so), float32, bfloat16, fp8.", DefaultValueFactory = _ => "auto" };
    private readonly Option<string> runner = new("--runner") { Description = "generate, pooling (embeddings), or auto: pooling for encoders, classifiers and sentence-transformers folders.", DefaultValueFactory = _ => "auto" };
    private readonly Option<string> convert = new("--convert") { Description = "What pooling makes of a decoder: auto or embed.", DefaultValueFactory = _ => "auto" };
    private readonly Option<string?> overrides = new("--hf-overrides") { Description = "A JSON object that is merged over config.json before the model is read, such as '{\"rope_theta\": 1000000}'." };
    private readonly Option<string?> maxModelLength = new("--max-model-len") { Description = "Longest sequence, prompt and output together. Default: the model's, or what fits into memory. 4k and 4K work." };
    private readonly Option<int> maxSequences = new("--max-num-seqs") { Description = "Sequences that run at once.", DefaultValueFactory = _ => 256 };
    private readonly Option<string> maxBatchedTokens = new("--max-num-batched-tokens") { Description = "Tokens of one step.", DefaultValueFactory = _ => "2048" };
    private readonly Option<double> utilization = new("--gpu-memory-utilization") { Description = "Share of the machine's memory that may be used, weights included.", DefaultValueFactory = _ => 0.5 };
    private readonly Option<string?> kvBytes = new("--kv-cache-memory-bytes") { Description = "Bytes for the KV cache instead of what --gpu-memory-utilization leaves. 2G works." };
    private readonly Option<int?> blocks = new("--num-gpu-blocks-override") { Description = "KV blocks instead of what fits." };
    private readonly Option<int> blockSize = new("--block-size") { Description = "Tokens of a KV block; 16 is the only size.", DefaultValueFactory = _ => 16 };
    private readonly Option<string?> tokenizer = new("--tokenizer") { Description = "A folder or tokenizer.json instead of the model's." };
    private readonly Option<string?> chatTemplate = new("--chat-template") { Description = "A file, or the template itself, instead of the model's. Rerankers' templates see messages of the roles query and document." };
    private readonly Option<string> generationConfig = new("--generation-config") { Description = "auto: generation_config.json gives sampling defaults; vllm: it does not.", DefaultValueFactory = _ => "auto" };
    private readonly Option<ulong?> seed = new("--seed") { Description = "Seed of requests that give none. Default: random." };
    private readonly Option<int?> threads = new("--threads") { Description = "Compute threads. Default: one per processor, or per CPU of --numa-node or the list of --pin-threads." };
    private readonly Option<string> pinThreads = new("--pin-threads")
    {
        Description = "Keep each compute thread on a CPU of its own, physical cores first: auto (where CPUs were chosen for the process and no quota cuts them), on, off, or a list such as 0-3,8. VLLM_CPU_OMP_THREADS_BIND is read where this is missing.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("VLLM_CPU_OMP_THREADS_BIND") is { Length: > 0 } bind ? bind : "auto",
    };
    private readonly Option<int?> numaNode = new("--numa-node") { Description = "Keep compute threads, weights and the KV cache on this NUMA node. Default: all nodes." };
    private readonly Toggle prefixCaching = new("--enable-prefix-caching", "Share KV blocks of equal prefixes.", true);
    private readonly Toggle chunkedPrefill = new("--enable-chunked-prefill", "Cut long prompts into pieces that share steps with others.", true);
    private readonly Toggle reserve = new("--scheduler-reserve-full-isl", "Admit a request only if its whole prompt fits.", true);
    private readonly Option<int> longPrefill = new("--long-prefill-token-threshold") { Description = "Tokens of one long prompt in a step while others wait; 0 is off." };
    private readonly Option<string> policy = new("--scheduling-policy") { Description = "fcfs or priority.", DefaultValueFactory = _ => "fcfs" };
    private readonly Option<double> watermark = new("--watermark") { Description = "Share of KV blocks kept free when requests are admitted beside running ones." };
    private readonly Option<int> maxQueued = new("--max-num-queued-reqs") { Description = "Requests that may wait; more are answered 429.", DefaultValueFactory = _ => 1024 };

    public void AddTo(Command command)
    {
        command.Arguments.Add(positional);
        foreach (Option option in (Option[])[model, dtype, activations, quantization, kvDtype, runner, convert, overrides, maxModelLength, maxSequences, maxBatchedTokens, utilization, kvBytes, blocks, blockSize, tokenizer, chatTemplate,
            generationConfig, seed, threads, pinThreads, numaNode, longPrefill, policy, watermark, maxQueued]) command.Options.Add(option);
        foreach (Toggle toggle in (Toggle[])[prefixCaching, chunkedPrefill, reserve]) toggle.AddTo(command);
    }

    /// <summary>The model that was named, or null.</summary>
    /// <exception cref="QuireException">Two different ones were named.</exception>
    public string? Model(ParseResult parsed)
    {
        string? first = parsed.GetValue(positional), second = parsed.GetValue(model);
        if (first is not null && second is not null && first != second)
            throw new QuireException(ErrorKind.InvalidRequest, $"Two models are named, {first} and {second}; give one.", param: "model");
        return first ?? second;
    }

    public QuireOptions Options(ParseResult parsed)
    {
        if (parsed.GetValue(blockSize) is not 16 and var size)
            throw new QuireException(ErrorKind.InvalidRequest, $"--block-size {size} is not available; KV blocks have 16 tokens.", param: "block-size");
        double share = parsed.GetValue(utilization);
        if (share is not (> 0 and <= 1)) throw new QuireException(ErrorKind.InvalidRequest, $"--gpu-memory-utilization must be in (0, 1], got {share}.", param: "gpu-memory-utilization");
        return new QuireOptions
        {
            DType = parsed.GetValue(dtype)!,
            CpuActivations = parsed.GetValue(activations)!,
            Quantization = parsed.GetValue(quantization),
            Runner = Runner(parsed),
            HfOverrides = parsed.GetValue(overrides),
            KvCacheDType = parsed.GetValue(kvDtype)!,
            MaxModelLength = parsed.GetValue(maxModelLength) is { } length and not ("auto" or "-1") ? Positive("--max-model-len", length) : null,
            MaxSequences = AtLeastOne("--max-num-seqs", parsed.GetValue(maxSequences)),
            MaxBatchedTokens = Positive("--max-num-batched-tokens", parsed.GetValue(maxBatchedTokens)!),
            MemoryUtilization = share,
            KvCacheBytes = parsed.GetValue(kvBytes) is { } bytes ? FlagSpelling.HumanNumber("--kv-cache-memory-bytes", bytes) : null,
            Blocks = parsed.GetValue(blocks),
            Tokenizer = parsed.GetValue(tokenizer),
            ChatTemplate = parsed.GetValue(chatTemplate),
            GenerationConfig = parsed.GetValue(generationConfig)!,
            Seed = parsed.GetValue(seed),
            Threads = parsed.GetValue(threads) is { } count ? AtLeastOne("--threads", count) : null,
            PinThreads = parsed.GetValue(pinThreads)!,
            NumaNode = parsed.GetValue(numaNode),
            PrefixCaching = prefixCaching.Value(parsed),
            ChunkedPrefill = chunkedPrefill.Value(parsed),
            ReserveFullPrompt = reserve.Value(parsed),
            LongPrefillThreshold = parsed.GetValue(longPrefill),
            SchedulingPolicy = parsed.GetValue(policy)!,
            Watermark = parsed.GetValue(watermark),
            MaxQueuedRequests = AtLeastOne("--max-num-queued-reqs", parsed.GetValue(maxQueued)),
        };
    }

    private string Runner(ParseResult parsed)
    {
        string chosen = parsed.GetValue(runner)!;
        return parsed.GetValue(convert) switch
        {
            "auto" => chosen,
            "embed" when chosen is "auto" or "pooling" => "pooling",
            "embed" => throw new QuireException(ErrorKind.InvalidRequest, "--convert embed goes with --runner pooling.", param: "convert"),
            "none" when chosen is "generate" or "auto" => "generate",
            "classify" => throw new QuireException(ErrorKind.InvalidRequest, "--convert classify is not needed: --hf-overrides '{\"architectures\": [\"Qwen3ForSequenceClassification\"]}', with the model's own name before For, makes a classifier.", param: "convert"),
            string other => throw new QuireException(ErrorKind.InvalidRequest, $"--convert {other} is not available; embed is.", param: "convert"),
            null => chosen,
        };
    }

    private static int Positive(string flag, string text) => AtLeastOne(flag, (int)Math.Min(int.MaxValue, FlagSpelling.HumanNumber(flag, text)));

    private static int AtLeastOne(string flag, int value) =>
        value >= 1 ? value : throw new QuireException(ErrorKind.InvalidRequest, $"{flag} must be at least 1, got {value}.", param: flag.TrimStart('-'));
}
