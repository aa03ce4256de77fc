using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Quire.Hosting;

/// <summary>A model as a service of the application.</summary>
public static class QuireServices
{
    /// <summary>Registers <see cref="QuireEngine"/> as a singleton, to be injected wherever text is generated.</summary>
    /// <remarks>
    /// A host loads the model when it starts, and does not start if the model cannot be loaded; when it stops, requests that run are finished within
    /// the host's shutdown timeout. Without a host the first service that asks for the engine waits until it is loaded. The container disposes it:
    /// dispose a container without a host with <c>await using</c>.
    /// </remarks>
    /// <param name="model">A folder, a .gguf file, a Hub id that is in the local cache, or "demo", the built-in model.</param>
    /// <param name="options">Null takes the defaults.</param>
    /// <exception cref="InvalidOperationException">An engine is registered already.</exception>
    public static IServiceCollection AddQuire(this IServiceCollection services, string model, QuireOptions? options = null)
    {
        if (services.Any(service => service.ServiceType == typeof(QuireEngine)))
            throw new InvalidOperationException("AddQuire was called already; one container has one engine.");
        services.AddSingleton(provider => new EngineLoad(() => QuireEngine.LoadAsync(model, options, provider.GetService<ILoggerFactory>(), provider.GetService<TimeProvider>())));
        services.AddSingleton(provider => provider.GetRequiredService<EngineLoad>().Take());
        services.AddSingleton<IHostedService>(provider => new EngineLifetime(provider));
        return services;
    }
}
