namespace Quire.Hosting;

/// <summary>Loads the engine once, when it is first asked for. Whoever takes it disposes it; one that nobody took is disposed here.</summary>
internal sealed class EngineLoad(Func<Task<QuireEngine>> load) : IAsyncDisposable, IDisposable
{
    private readonly Lazy<Task<QuireEngine>> engine = new(load);
    private bool isTaken;

    /// <summary>Starts loading, if nobody did.</summary>
    public Task<QuireEngine> Engine => engine.Value;

    /// <summary>Waits for the engine, and gives it to the container. Loading runs on threads of its own, so waiting blocks nothing that it needs.</summary>
    public QuireEngine Take()
    {
        QuireEngine loaded = Engine.GetAwaiter().GetResult();
        isTaken = true;
        return loaded;
    }

    public async ValueTask DisposeAsync()
    {
        if (isTaken || !engine.IsValueCreated) return;
        // A host that was stopped while it loaded.
        await ((Task)Engine).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Engine.IsCompletedSuccessfully) await Engine.Result.DisposeAsync().ConfigureAwait(false);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
