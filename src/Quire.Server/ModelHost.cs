using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>The served model from the start of the process to its end: loading, ready, draining, failed.</summary>
public sealed partial class ModelHost : BackgroundService
{
    private readonly ServerOptions options;
    private readonly ILoggerFactory loggers;
    private readonly IHostApplicationLifetime lifetime;
    private readonly Func<Task<QuireEngine>> load;
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile QuireEngine? engine;
    private volatile Exception? failure;
    private volatile bool draining;

    /// <param name="load">Loads the engine; null loads what the options name.</param>
    public ModelHost(ServerOptions options, ILoggerFactory loggers, IHostApplicationLifetime lifetime, Func<Task<QuireEngine>>? load = null)
    {
        this.options = options;
        this.loggers = loggers;
        this.lifetime = lifetime;
        this.load = load ?? (() => QuireEngine.LoadAsync(options.Model, options.Engine, loggers));
        Names = options.ServedModelNames.Count > 0 ? options.ServedModelNames : [options.Model];
    }

    /// <summary>Names that requests may use; the first is what responses say.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Completes when the model is ready, or fails with what stopped it.</summary>
    public Task Ready => ready.Task;

    /// <summary>Why loading or running failed, or null.</summary>
    public Exception? Failure => failure ?? engine?.Failure;

    public bool IsDraining => draining;

    /// <summary>The engine, if it is loaded.</summary>
    public QuireEngine? Current => engine;

    /// <summary>The engine, ready for requests.</summary>
    /// <exception cref="ApiException">It is loading or draining (503), or has failed (500).</exception>
    public QuireEngine Engine =>
        Failure is not null ? throw new ApiException(500, "InternalServerError", null, "The engine has failed; see the server's log.")
        : draining ? throw new ApiException(503, "ServiceUnavailableError", null, "The server is shutting down.")
        : engine ?? throw new ApiException(503, "ServiceUnavailableError", null, "The model is still loading.");

    public ServerLimits Limits => new(Engine.MaxModelLength, Engine.Tokenizer.VocabularySize, options.MaxLogprobs, options.LogprobsMode);

    /// <summary>The adapter that a request's <c>model</c> names, or null where it names the model itself or nothing.</summary>
    /// <exception cref="ApiException">No model of that name is served.</exception>
    public string? Adapter(string? name)
    {
        if (string.IsNullOrEmpty(name) || Names.Contains(name)) return null;
        return Engine.Adapters.Any(adapter => adapter.Name == name)
            ? name
            : throw new ApiException(404, "NotFoundError", "model", $"The model `{name}` does not exist. Valid aliases: {string.Join(", ", Names)}.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ILogger logger = loggers.CreateLogger("Quire.Server");
        try
        {
            QuireEngine loaded = await load().ConfigureAwait(false);
            if (stoppingToken.IsCancellationRequested)
            {
                await loaded.DisposeAsync().ConfigureAwait(false);
                return;
            }
            engine = loaded;
            ready.SetResult();
            LogReady(logger, Names[0]);
        }
        catch (Exception e)
        {
            failure = e;
            ready.SetException(e);
            if (e is not QuireException) LogFailed(logger, e);
            // A host that is still starting must come up before it can be stopped in order.
            lifetime.ApplicationStarted.Register(lifetime.StopApplication);
        }
    }

    /// <summary>No new requests; those that run go on until the shutdown timeout.</summary>
    public async Task DrainAsync()
    {
        draining = true;
        if (engine is not { } current) return;
        using var timeout = new CancellationTokenSource(options.ShutdownTimeout);
        await current.DrainAsync(timeout.Token).ConfigureAwait(false);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        if (engine is { } current) await current.DisposeAsync().ConfigureAwait(false);
    }

    [LoggerMessage(EventId = 10, Level = LogLevel.Information, Message = "{Model} is ready.")]
    private static partial void LogReady(ILogger logger, string model);

    [LoggerMessage(EventId = 12, Level = LogLevel.Critical, Message = "The model could not be loaded.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
