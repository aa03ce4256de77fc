using Microsoft.Extensions.Logging;
using Quire.Engine;
using Quire.Formats;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
using Quire.Models;
using Quire.Tensors;

namespace Quire;

/// <summary>From a checkpoint to a running engine of token ids: chooses backend, arithmetic and memory.</summary>
internal static partial class ModelLoader
{
    private static readonly Lazy<ComputePool> SharedPool = new(() => new ComputePool(ThreadPlacement.Decide(ProcessCpus.Current)));

    /// <summary>Loads weights and starts the engine.</summary>
    /// <param name="wrap">Puts something around the executor: recording, replay, failure injection.</param>
    public static LoadedModel Load(Checkpoint checkpoint, QuireOptions options, ILogger logger, Func<IExecutor, IExecutor>? wrap = null)
    {
        ComputePool? own = options is { Threads: null, PinThreads: "auto", NumaNode: null } ? null : new ComputePool(options.Placement());
        try
        {
            return Load(checkpoint, options, own, logger, wrap);
        }
        catch
        {
            own?.Dispose();
            throw;
        }
    }

    private static LoadedModel Load(Checkpoint checkpoint, QuireOptions options, ComputePool? own, ILogger logger, Func<IExecutor, IExecutor>? wrap)
    {
        ComputePool pool = own ?? SharedPool.Value;
        ModelSpec spec = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
        RunnerKind runner = RunnerChoice.Of(checkpoint.Path, options);
        SentenceTransformersFolder? folder = runner == RunnerKind.Embed ? SentenceTransformersFolder.Read(checkpoint.Path) : null;
        spec = RunnerChoice.WithPooler(spec, checkpoint.Config, runner, folder, options);
        spec = LabelTokenIds.Find(spec, checkpoint.Config, () => ModelText.ReadTokenizer(checkpoint, options));
        if (spec.Pooler?.Tokens is not null && options.ChatTemplate is null) LogNoPrompt(logger, checkpoint.Path);
        if (spec.IsEncoder) options = ForEncoder(spec, options);
        if (options.MaxModelLength is { } asked && asked > spec.MaxPositions)
        {
            throw new QuireException(ErrorKind.InvalidRequest, $"--max-model-len {asked} is beyond the {spec.MaxPositions} positions that the model was made for.", param: "max-model-len");
        }
        DType weights = ReadDType("dtype", options.DType, Auto(checkpoint));
        QuantizationScheme? quantization = options.Scheme ?? QuantizationChoice.Of(checkpoint, options.Quantization);
        DType kvType = ReadKvType(options.KvCacheDType, quantization, weights);
        CpuActivations activations = ReadActivations(options, checkpoint, quantization, weights);
        var device = new CpuDevice(KernelSet.Default, pool, weights, activations);
        int longest = options.MaxModelLength ?? Math.Min(spec.MaxPositions, folder?.MaxSequenceLength ?? spec.MaxPositions);
        options = options with { MaxModelLength = options.MaxModelLength ?? (longest < spec.MaxPositions ? longest : null) };
        int batched = Math.Max(spec.IsEncoder ? longest : 1, Math.Min(options.MaxBatchedTokens, Math.Max(longest, options.MaxSequences)));

        TransformerModel model = pool.Placement.RunNear(() => TransformerModel.Load(checkpoint, spec, device, longest, quantization));
        if (model.TensorsWithoutUse is { Count: > 0 } unread) LogUnread(logger, checkpoint.Path, unread.Count, string.Join(", ", unread.Take(5)) + (unread.Count > 5 ? ", ..." : ""));
        try
        {
            KvPlan kv = model.PlanKv(kvType);
            var executorOptions = new ExecutorOptions
            {
                MaxBatchedTokens = batched,
                MaxSequences = options.MaxSequences,
                MaxModelLength = longest,
                Blocks = 0,
                KvType = kvType,
                EosTokenIds = EosTokenIds(checkpoint),
                LogitsRows = Math.Min(64, options.MaxSequences),
            };
            long scratch = ModelExecutor.ScratchBytes(device, model, executorOptions), workspace = ModelExecutor.WorkspaceBytes(model, executorOptions) + scratch;
            MemoryPlan plan = MemoryPlan.Decide(spec, kv, options, batched, model.WeightBytes, workspace, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes) with { ScratchBytes = scratch };
            executorOptions = executorOptions with { Blocks = plan.Blocks, StateSlots = plan.StateSlots, MaxModelLength = plan.MaxModelLength };
            executorOptions = executorOptions with { AdapterSlots = options.MaxLoras };
            AdapterStore? adapters = options.EnableLora ? Adapters(checkpoint.Path, model, quantization, options) : null;
            IExecutor executor = new ModelExecutor(device, model, executorOptions, adapters);
            if (wrap is not null) executor = wrap(executor);
            var scheduler = new SchedulerOptions
            {
                MaxSequences = options.MaxSequences,
                MaxBatchedTokens = batched,
                MaxModelLength = plan.MaxModelLength,
                Blocks = plan.Blocks,
                GroupWindows = [.. kv.Groups.Select(group => group.Window)],
                StateInterval = plan.StateInterval,
                StateSlots = plan.StateSlots,
                LongPrefillThreshold = options.LongPrefillThreshold,
                ChunkedPrefill = options.ChunkedPrefill,
                PrefixCaching = options.PrefixCaching,
                Policy = options.SchedulingPolicy,
                ReserveFullPrompt = options.ReserveFullPrompt,
                Watermark = options.Watermark,
                Pools = runner != RunnerKind.Generate,
                MaxAdapters = options.EnableLora ? options.MaxLoras : 0,
                EosTokenIds = executorOptions.EosTokenIds,
            };
            var engine = new InferenceEngine(scheduler, executor, options.MaxQueuedRequests, logger, adapters);
            return new LoadedModel(engine, adapters, runner, folder?.Normalises ?? true, spec, plan, device, weights, quantization?.Description, activations, kvType, executorOptions.EosTokenIds, own);
        }
        catch
        {
            model.Dispose();
            device.Dispose();
            throw;
        }
    }

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Path} holds {Count} tensors of layers that the model as config.json describes it has no use for: {First}. The files may be of another model than config.json.")]
    private static partial void LogUnread(ILogger logger, string path, int count, string first);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "{Path} answers with tokens of its language model, and without --chat-template pairs are scored as query and document behind each other. Such models are mostly trained on a prompt around the two, which their model card gives.")]
    private static partial void LogNoPrompt(ILogger logger, string path);

    // A sequence is computed whole, and leaves nothing behind.
    private static QuireOptions ForEncoder(ModelSpec spec, QuireOptions options)
    {
        if (options.EnableLora) throw new QuireException(ErrorKind.NotSupported, "--enable-lora: adapters of encoders are not supported.", param: "enable-lora");
        return options with { ChunkedPrefill = false, PrefixCaching = false, LongPrefillThreshold = 0 };
    }

    private static AdapterStore Adapters(string path, TransformerModel model, QuantizationScheme? quantization, QuireOptions options)
    {
        var store = new AdapterStore(Load, Math.Max(options.MaxLoras, options.MaxCpuLoras ?? options.MaxLoras), options.MaxLoraRank);
        try
        {
            foreach (LoraModuleOption module in options.LoraModules) store.Add(module.Name, module.Path);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }

        LoadedAdapter Load(string folder)
        {
            using LoraCheckpoint files = LoraCheckpoint.Open(folder);
            return model.LoadAdapter(files, () => Checkpoint.Open(path, options.Overrides()), quantization);
        }
    }

    /// <summary>generation_config.json's ids come first: chat models add their end of turn there.</summary>
    internal static IReadOnlyList<int> EosTokenIds(Checkpoint checkpoint) =>
        [.. checkpoint.Generation.EosTokenIds.Concat(checkpoint.Config.EosTokenIds).Distinct()];

    // A checkpoint in f16 keeps its weights as they are; its keys and values need f32, since bf16 would lose bits that f16 has.
    private static DType Auto(Checkpoint checkpoint) => checkpoint.Config.DType switch
    {
        "float32" or "float16" => DType.F32,
        _ => DType.BF16,
    };

    // Block-quantised files were made for engines that round activations to int8 (llama.cpp, OpenVINO); everything else keeps 16 bits.
    private static CpuActivations ReadActivations(QuireOptions options, Checkpoint checkpoint, QuantizationScheme? quantization, DType weights) => options.CpuActivations switch
    {
        "auto" when options.DType is "float32" or "float" => CpuActivations.F32,
        "auto" when checkpoint.HasBlocks || quantization?.RoundsInputsToInt8 == true => CpuActivations.Int8,
        "auto" => weights == DType.F32 ? CpuActivations.F32 : CpuActivations.BF16,
        "f32" => CpuActivations.F32,
        "bf16" => CpuActivations.BF16,
        "int8" => CpuActivations.Int8,
        string other => throw new QuireException(ErrorKind.InvalidRequest, $"--cpu-activations {other} is unknown; auto, f32, bf16 and int8 are known.", param: "cpu-activations"),
    };

    // A checkpoint that says so keeps keys and values as float8 with its own scales; asked for otherwise, scales that it lacks are 1.
    private static DType ReadKvType(string name, QuantizationScheme? quantization, DType weights) => name switch
    {
        "auto" when quantization?.HasFloat8Kv == true => DType.F8E4M3,
        "fp8" or "fp8_e4m3" => DType.F8E4M3,
        "auto" or "float32" or "float" or "bfloat16" or "float16" or "half" => ReadDType("kv-cache-dtype", name, weights),
        _ => throw new QuireException(ErrorKind.InvalidRequest, $"--kv-cache-dtype {name} is unknown; auto, float32, bfloat16, float16 and fp8 are known.", param: "kv-cache-dtype"),
    };

    private static DType ReadDType(string flag, string name, DType auto) => name switch
    {
        "auto" => auto,
        "float32" or "float" => DType.F32,
        "bfloat16" => DType.BF16,
        "float16" or "half" => DType.F32,
        _ => throw new QuireException(ErrorKind.InvalidRequest, $"--{flag} {name} is unknown; auto, float32, bfloat16 and float16 are known.", param: flag),
    };
}

/// <summary>A running engine and what was decided for it.</summary>
internal sealed record LoadedModel(
    InferenceEngine Engine, AdapterStore? Adapters, RunnerKind Runner, bool Normalises, ModelSpec Spec, MemoryPlan Memory, IDevice Device, DType Weights, string? Quantization, CpuActivations Activations, DType KvType, IReadOnlyList<int> EosTokenIds, ComputePool? OwnPool) : IDisposable
{
    public void Dispose()
    {
        Engine.Dispose();
        Device.Dispose();
        OwnPool?.Dispose();
    }
}
