using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Quire.Engine;
using Quire.Formats;
using Quire.Kernels.Cpu;
using Quire.Models;
using Quire.Tokenizers;

namespace Quire;

/// <summary>A model in this process: text in, text out, any number of requests at once.</summary>
/// <example><code>
/// await using var engine = await QuireEngine.LoadAsync("model");
/// Generation answer = await engine.GenerateAsync("The capital of France is");
/// </code></example>
public sealed partial class QuireEngine : IAsyncDisposable
{
    private readonly LoadedModel model;
    private readonly ModelText text;
    private readonly TimeProvider time;

    private QuireEngine(string path, LoadedModel model, ModelText text, GenerationConfig defaults, QuireOptions options, TimeProvider time)
    {
        Path = path;
        this.model = model;
        this.text = text;
        this.time = time;
        Options = options;
        Defaults = SamplingDefaults.From(options.GenerationConfig == "auto" ? defaults : new GenerationConfig());
    }

    /// <summary>Where the model was loaded from.</summary>
    public string Path { get; }

    public QuireOptions Options { get; }

    /// <summary>Weights, workspace, KV blocks, longest context.</summary>
    public MemoryPlan Memory => model.Memory;

    /// <summary>Longest sequence, prompt and output together.</summary>
    public int MaxModelLength => model.Memory.MaxModelLength;

    /// <summary>The device in words.</summary>
    public string Device => model.Device.Name;

    /// <summary>How weights without a format of their own are kept.</summary>
    public Quire.Tensors.DType WeightType => model.Weights;

    /// <summary>How the layers' weights are quantised, in words; null where they are plain numbers, or blocks of a GGUF file.</summary>
    public string? Quantization => model.Quantization;

    /// <summary>What products round their inputs to.</summary>
    public CpuActivations Activations => model.Activations;

    /// <summary>Element type of keys and values.</summary>
    public Quire.Tensors.DType KvType => model.KvType;

    public Tokenizer Tokenizer => text.Tokenizer;

    /// <summary>Adapters that requests may name, in the order in which they were loaded.</summary>
    public IReadOnlyList<Adapter> Adapters => model.Adapters?.All ?? [];

    /// <summary>Names of the adapters that requests run with, and of those that requests wait for; null where adapters are not enabled.</summary>
    public (IReadOnlyList<string> Running, IReadOnlyList<string> Waiting)? AdapterTraffic => model.Adapters?.Traffic;

    /// <summary>Loads an adapter while requests run.</summary>
    /// <param name="name">What requests will call it.</param>
    /// <param name="path">Folder with adapter_config.json and adapter_model.safetensors.</param>
    /// <param name="replace">It may take the place of one of that name; requests that began with the old one finish on it.</param>
    /// <exception cref="QuireException">Adapters are not enabled, the name is taken, or the adapter is refused, with the reason.</exception>
    public Adapter LoadAdapter(string name, string path, bool replace = false) => Store.Add(name, path, replace);

    /// <summary>Takes an adapter's name away; requests that began with it finish on it.</summary>
    /// <returns>False where there is no such adapter.</returns>
    public bool UnloadAdapter(string name) => Store.Remove(name);

    private AdapterStore Store => model.Adapters ?? throw new QuireException(ErrorKind.InvalidRequest, "Adapters are not enabled; start with --enable-lora.", param: "enable-lora");

    public bool HasChatTemplate => text.HasChatTemplate;

    /// <summary>What requests use where they say nothing.</summary>
    public SamplingDefaults Defaults { get; }

    public EngineStatistics Statistics => model.Engine.Statistics;

    /// <summary>Null while healthy; afterwards what stopped the engine.</summary>
    public Exception? Failure => model.Engine.Failure;

    /// <summary>Loads a model.</summary>
    /// <param name="model">A folder, a .gguf file, a Hub id that is in the local cache, or "demo", the built-in model.</param>
    /// <exception cref="QuireException">The model cannot be found or read, or does not fit the options or the memory.</exception>
    public static Task<QuireEngine> LoadAsync(string model, QuireOptions? options = null, ILoggerFactory? loggers = null, TimeProvider? time = null) =>
        Task.Run(() => Load(model, options ?? new QuireOptions(), loggers ?? NullLoggerFactory.Instance, time ?? TimeProvider.System));

    /// <summary>Renders a conversation with the model's template.</summary>
    public string RenderChat(ChatRequest chat) => text.Render(chat, time);

    /// <summary>Token ids of a request's prompt.</summary>
    public int[] Tokenize(GenerationRequest request) => request.PromptTokens
        ?? text.Tokenizer.Encode(request.Prompt ?? throw new QuireException(ErrorKind.InvalidRequest, "A request needs a prompt.", param: "prompt"), request.AddSpecialTokens);

    /// <summary>Generates one choice from a text with the model's default sampling.</summary>
    public async Task<Generation> GenerateAsync(string prompt, CancellationToken cancellationToken = default) =>
        (await GenerateAsync(new GenerationRequest { Prompt = prompt, Sampling = Defaults.Apply(new SamplingParameters { MaxTokens = MaxModelLength }) }, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Generates all choices of a request.</summary>
    /// <exception cref="QuireException">The request is refused, or a choice failed.</exception>
    public async Task<IReadOnlyList<Generation>> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        var collectors = new GenerationCollector[request.Choices];
        for (int i = 0; i < collectors.Length; i++) collectors[i] = new GenerationCollector(i);
        await foreach (GenerationChunk chunk in StreamAsync(request, cancellationToken).ConfigureAwait(false)) collectors[chunk.Choice].Add(chunk);
        return [.. collectors.Select(collector => collector.Finish())];
    }

    /// <summary>Generates many requests at once; results are in the order of requests.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<Generation>>> GenerateAsync(IEnumerable<GenerationRequest> requests, CancellationToken cancellationToken = default) =>
        await Task.WhenAll(requests.Select(request => GenerateAsync(request, cancellationToken))).ConfigureAwait(false);

    /// <summary>Generates, piece by piece; the choices' pieces interleave as they come. Leaving the loop early gives the request up.</summary>
    /// <exception cref="QuireException">The request is refused: before the first piece.</exception>
    public IAsyncEnumerable<GenerationChunk> StreamAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        Read(request, Submit(request), cancellationToken);

    /// <summary>What the engine gives: see <see cref="QuireOptions.Runner"/>.</summary>
    public RunnerKind Runner => model.Runner;

    /// <summary>Embeddings are meant to have length 1: what sentence-transformers folders say, and true where none does.</summary>
    public bool NormalisesEmbeddings => model.Normalises;

    /// <summary>How rows of sequences become one, in engines that give no text.</summary>
    public PoolerSpec? Pooler => model.Spec.Pooler;

    /// <summary>Numbers of an embedding.</summary>
    public int EmbeddingSize => model.Spec.HiddenSize;

    /// <summary>Names of a classifier's labels; none for other models.</summary>
    public IReadOnlyList<string> Labels => model.Spec.Pooler?.Labels ?? [];

    /// <summary>The row that the model's pooling takes after the final norm, not normalised. Requests at once share steps.</summary>
    /// <param name="tokens">At least one, at most <see cref="MaxModelLength"/>.</param>
    /// <param name="adapter">Name of an adapter, or null.</param>
    /// <param name="priority">Smaller runs first under the priority policy.</param>
    /// <returns>As many numbers as the model's hidden size.</returns>
    /// <exception cref="QuireException">The engine gives no embeddings, or the request is refused or failed.</exception>
    public Task<float[]> EmbedAsync(int[] tokens, string? adapter = null, int priority = 0, CancellationToken cancellationToken = default)
    {
        if (Runner == RunnerKind.Classify) throw new QuireException(ErrorKind.InvalidRequest, "This model classifies; it gives no embeddings.", param: "runner");
        return PoolAsync(tokens, null, adapter, priority, cancellationToken);
    }

    /// <summary>A number for each of <see cref="Labels"/>, as the model gives them.</summary>
    /// <param name="tokens">At least one, at most <see cref="MaxModelLength"/>.</param>
    /// <param name="tokenTypes">By token: 0 for those of a pair's first text, 1 for the second's; null is 0. Models without kinds of tokens, or with one, do not look at it.</param>
    /// <param name="adapter">Name of an adapter, or null.</param>
    /// <exception cref="QuireException">The model is no classifier, or the request is refused or failed.</exception>
    public Task<float[]> ClassifyAsync(int[] tokens, int[]? tokenTypes = null, string? adapter = null, int priority = 0, CancellationToken cancellationToken = default)
    {
        if (Runner != RunnerKind.Classify) throw new QuireException(ErrorKind.InvalidRequest, "This model is no classifier.", param: "runner");
        return PoolAsync(tokens, tokenTypes, adapter, priority, cancellationToken);
    }

    private async Task<float[]> PoolAsync(int[] tokens, int[]? tokenTypes, string? adapter, int priority, CancellationToken cancellationToken)
    {
        if (tokenTypes is not null && tokenTypes.Length != tokens.Length) throw new QuireException(ErrorKind.InvalidRequest, $"{tokens.Length} tokens have {tokenTypes.Length} types.", param: "token_type_ids");
        if (tokenTypes is not null && model.Spec.TokenTypes > 1 && Array.Find(tokenTypes, type => type < 0 || type >= model.Spec.TokenTypes) is not 0 and var unknown)
            throw new QuireException(ErrorKind.InvalidRequest, $"There is no token type {unknown}; the model has {model.Spec.TokenTypes}.", param: "token_type_ids");
        int id = adapter is null ? 0 : Store.Find(adapter)?.Id ?? throw new QuireException(ErrorKind.NotFound, $"The adapter `{adapter}` does not exist.", param: "model");
        using GenerationStream stream = model.Engine.Submit(new EngineRequest
        {
            Id = Guid.NewGuid().ToString("n"),
            Prompt = tokens,
            Parameters = SamplingParameters.Greedy with { MaxTokens = 1, IgnoreEos = true },
            Pools = true,
            Priority = priority,
            TokenTypes = model.Spec.TokenTypes > 1 ? tokenTypes : null,
            Adapter = id,
        });
        await foreach (EngineOutput output in stream.Outputs.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (output.Pooled is { } row) return row;
            if (output.Finish is not null) throw new QuireException(ErrorKind.Internal, output.Error ?? "The request ended without a result.");
        }
        throw new QuireException(ErrorKind.Internal, "The request ended without a result.");
    }

    /// <summary>Probabilities of a classifier's numbers, or the numbers themselves.</summary>
    public static float[] Activate(float[] numbers, LabelActivation activation)
    {
        if (activation == LabelActivation.None) return numbers;
        if (activation == LabelActivation.Sigmoid) return [.. numbers.Select(number => (float)(1 / (1 + Math.Exp(-(double)number))))];
        double max = numbers.Max(), sum = numbers.Sum(number => Math.Exp(number - max));
        return [.. numbers.Select(number => (float)(Math.Exp(number - max) / sum))];
    }

    /// <summary>A row divided by its length; a row of zeros stays.</summary>
    public static float[] Normalise(float[] row)
    {
        double length = Math.Sqrt(row.Sum(value => (double)value * value));
        return length == 0 ? row : [.. row.Select(value => (float)(value / length))];
    }

    /// <summary>Refuses new requests and waits for those that run.</summary>
    public Task DrainAsync(CancellationToken cancellationToken = default) => model.Engine.DrainAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        model.Dispose();
        return ValueTask.CompletedTask;
    }

    private static QuireEngine Load(string model, QuireOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        ILogger logger = loggers.CreateLogger("Quire");
        string path = ModelLocation.Find(model);
        using Checkpoint checkpoint = Checkpoint.Open(path, options.Overrides());
        ModelText text = ModelText.Load(checkpoint, options);
        LoadedModel loaded = ModelLoader.Load(checkpoint, options, logger);
        LogLoaded(logger, model, loaded.Device.Name, loaded.Memory.MaxModelLength, loaded.Memory.Blocks - 1);
        return new QuireEngine(path, loaded, text, checkpoint.Generation, options, time);
    }

    private GenerationStream[] Submit(GenerationRequest request)
    {
        SamplingRules.Check(request, text.Tokenizer.VocabularySize);
        int[] prompt = Tokenize(request);
        int room = MaxModelLength - prompt.Length;
        SamplingParameters sampling = request.Sampling with
        {
            MaxTokens = Math.Max(1, Math.Min(request.Sampling.MaxTokens, room)),
            BadWords = [.. request.Sampling.BadWords, .. BadWordTokens.Of(text.Tokenizer, request.BadWords)],
        };
        if (Options.Seed is { } seed && sampling.Seed is null) sampling = sampling with { Seed = seed };
        string id = request.Id ?? Guid.NewGuid().ToString("n");
        int adapter = request.Adapter is not { } wanted ? 0
            : Store.Find(wanted)?.Id ?? throw new QuireException(ErrorKind.NotFound, $"The adapter `{wanted}` does not exist.", param: "model");
        var streams = new GenerationStream[request.Choices];
        try
        {
            for (int i = 0; i < streams.Length; i++)
            {
                streams[i] = model.Engine.Submit(new EngineRequest
                {
                    Id = id,
                    Prompt = prompt,
                    Parameters = sampling,
                    Choice = i,
                    Priority = request.Priority,
                    Adapter = adapter,
                    CacheSalt = request.CacheSalt,
                });
                // All choices share the seed that the first one drew.
                sampling = sampling with { Seed = streams[i].Request.Parameters.Seed };
            }
        }
        catch
        {
            foreach (GenerationStream stream in streams) stream?.Dispose();
            throw;
        }
        return streams;
    }

    private async IAsyncEnumerable<GenerationChunk> Read(GenerationRequest request, GenerationStream[] streams, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            if (streams is [GenerationStream only])
            {
                var reader = new ChoiceReader(request, only, text.Tokenizer, model.EosTokenIds);
                await foreach (EngineOutput output in only.Outputs.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (reader.Read(output) is { } chunk) yield return chunk;
                    if (reader.IsEnded) yield break;
                }
                yield break;
            }
            Channel<GenerationChunk> merged = Channel.CreateUnbounded<GenerationChunk>(new UnboundedChannelOptions { SingleReader = true });
            Task pumps = Task.WhenAll(streams.Select(stream => Pump(request, stream, merged.Writer, cancellationToken)))
                .ContinueWith(all => merged.Writer.Complete(all.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            await foreach (GenerationChunk chunk in merged.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false)) yield return chunk;
            await pumps.ConfigureAwait(false);
        }
        finally
        {
            foreach (GenerationStream stream in streams) stream.Dispose();
        }
    }

    private async Task Pump(GenerationRequest request, GenerationStream stream, ChannelWriter<GenerationChunk> merged, CancellationToken cancellationToken)
    {
        var reader = new ChoiceReader(request, stream, text.Tokenizer, model.EosTokenIds);
        await foreach (EngineOutput output in stream.Outputs.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (reader.Read(output) is { } chunk) await merged.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
            if (reader.IsEnded) return;
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Loaded {Model} on {Device}: context {Context}, {Blocks} KV blocks.")]
    private static partial void LogLoaded(ILogger logger, string model, string device, int context, int blocks);
}
