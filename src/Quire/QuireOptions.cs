using Quire.Kernels.Cpu.Threading;

namespace Quire;

/// <summary>An adapter to load at start.</summary>
/// <param name="Name">What requests call it.</param>
/// <param name="Path">Folder with adapter_config.json and adapter_model.safetensors.</param>
public sealed record LoraModuleOption(string Name, string Path);

/// <summary>How a model is loaded and run. Names and meanings are those of vLLM's flags; a null is chosen from the model and the machine, and said.</summary>
public sealed record QuireOptions
{
    /// <summary>--dtype: auto, float32, bfloat16 or float16. auto is what the checkpoint says; quantised weights keep their exact values in every mode.</summary>
    public string DType { get; init; } = "auto";

    /// <summary>--cpu-activations: what products round their inputs to: f32 (nothing), bf16 (where the CPU multiplies it faster), int8 (by row and group of 32, where
    /// weights are codes of 4 or 8 bits). auto is int8 for block-quantised GGUF files and checkpoints that round inputs to int8, f32 under a float32 <see cref="DType"/>, bf16 otherwise.</summary>
    public string CpuActivations { get; init; } = "auto";

    /// <summary>--quantization: null follows the checkpoint. A scheme's name is checked against it; fp8, int8 and int4 round the layers' weights of a checkpoint that is not quantised as it is loaded.</summary>
    public string? Quantization { get; init; }

    /// <summary>A scheme instead of the checkpoint's.</summary>
    internal Quire.Formats.QuantizationScheme? Scheme { get; init; }

    /// <summary>--kv-cache-dtype: auto (as <see cref="DType"/>, or fp8 where the checkpoint says so), float32, bfloat16 or fp8 (e4m3, with the checkpoint's scales, else 1).</summary>
    public string KvCacheDType { get; init; } = "auto";

    /// <summary>--max-model-len: longest sequence, prompt and output together. Null: the model's, or what fits into memory.</summary>
    public int? MaxModelLength { get; init; }

    /// <summary>--max-num-seqs: sequences in a step.</summary>
    public int MaxSequences { get; init; } = 256;

    /// <summary>--max-num-batched-tokens: token budget of a step.</summary>
    public int MaxBatchedTokens { get; init; } = 2048;

    /// <summary>--gpu-memory-utilization: share of the machine's memory that the process may use, weights included.</summary>
    public double MemoryUtilization { get; init; } = 0.5;

    /// <summary>--kv-cache-memory-bytes: bytes for KV blocks, instead of what <see cref="MemoryUtilization"/> leaves.</summary>
    public long? KvCacheBytes { get; init; }

    /// <summary>--num-gpu-blocks-override: KV blocks, instead of what fits.</summary>
    public int? Blocks { get; init; }

    /// <summary>--enable-prefix-caching.</summary>
    public bool PrefixCaching { get; init; } = true;

    /// <summary>--enable-chunked-prefill.</summary>
    public bool ChunkedPrefill { get; init; } = true;

    /// <summary>--long-prefill-token-threshold.</summary>
    public int LongPrefillThreshold { get; init; }

    /// <summary>--scheduling-policy: fcfs or priority.</summary>
    public string SchedulingPolicy { get; init; } = "fcfs";

    /// <summary>--scheduler-reserve-full-isl.</summary>
    public bool ReserveFullPrompt { get; init; } = true;

    /// <summary>--watermark.</summary>
    public double Watermark { get; init; }

    /// <summary>--runner: generate, pooling (the model gives embeddings: <see cref="QuireEngine.EmbedAsync(int[], string?, int, CancellationToken)"/>), or auto: pooling for encoders, classifiers and sentence-transformers folders.</summary>
    public string Runner { get; init; } = "auto";

    /// <summary>--enable-lora: requests may name adapters.</summary>
    public bool EnableLora { get; init; }

    /// <summary>--lora-modules: adapters loaded at start, names and folders.</summary>
    public IReadOnlyList<LoraModuleOption> LoraModules { get; init; } = [];

    /// <summary>--max-loras: different adapters in one step.</summary>
    public int MaxLoras { get; init; } = 1;

    /// <summary>--max-cpu-loras: adapters in memory at most, beside those in use; null is <see cref="MaxLoras"/>. Others are read again when they are asked for.</summary>
    public int? MaxCpuLoras { get; init; }

    /// <summary>--max-lora-rank: largest rank of an adapter.</summary>
    public int MaxLoraRank { get; init; } = 16;

    /// <summary>--threads: compute threads; null is one per processor of the process, or per CPU of <see cref="NumaNode"/> or of the list in <see cref="PinThreads"/>.</summary>
    public int? Threads { get; init; }

    /// <summary>--pin-threads: auto (each compute thread on a CPU of its own where the process has its CPUs to itself), on, off, or a list of CPUs such as 0-3,8, one a thread.
    /// Engines with threads of their own in one process do not know of each other: give each a list, or off.</summary>
    public string PinThreads { get; init; } = "auto";

    /// <summary>--numa-node: compute threads and what they write, weights and keys and values, stay on this node; null is all nodes.</summary>
    public int? NumaNode { get; init; }

    /// <summary>Compute threads and their CPUs, as these options ask.</summary>
    /// <exception cref="QuireException">The system has not what they ask for.</exception>
    public ThreadPlacement Placement() => ThreadPlacement.Decide(ProcessCpus.Current, Threads, PinThreads, NumaNode);

    /// <summary>--max-num-queued-reqs: requests that may wait; more are refused with 429.</summary>
    public int MaxQueuedRequests { get; init; } = 1024;

    /// <summary>--tokenizer: a folder or tokenizer.json; null is the model's own.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>--chat-template: a file or the template itself; null is the model's own.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>--hf-overrides: a JSON object that is merged over the model's config.json (or what a GGUF file says in its place) before it is read: objects key by key,
    /// other values replace, null takes a key away. Null changes nothing.</summary>
    public string? HfOverrides { get; init; }

    /// <summary><see cref="HfOverrides"/>, read.</summary>
    /// <exception cref="QuireException">It is no JSON object.</exception>
    public Quire.Formats.ConfigOverrides? Overrides() => HfOverrides is { } json ? Quire.Formats.ConfigOverrides.Parse(json) : null;

    /// <summary>--generation-config: auto (the model's generation_config.json gives sampling defaults) or vllm (it does not).</summary>
    public string GenerationConfig { get; init; } = "auto";

    /// <summary>--seed: added to nothing; requests without a seed draw one from it, or at random if null.</summary>
    public ulong? Seed { get; init; }
}
