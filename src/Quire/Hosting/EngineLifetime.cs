using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Quire.Hosting;

/// <summary>Loads the engine with the host, and drains it before the host ends.</summary>
internal sealed class EngineLifetime(IServiceProvider services) : IHostedService
{
    private QuireEngine? engine;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await services.GetRequiredService<EngineLoad>().Engine.WaitAsync(cancellationToken).ConfigureAwait(false);
        engine = services.GetRequiredService<QuireEngine>();
    }

    public Task StopAsync(CancellationToken cancellationToken) => engine?.DrainAsync(cancellationToken) ?? Task.CompletedTask;
}
