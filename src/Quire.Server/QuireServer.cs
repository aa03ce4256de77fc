using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Quire.Server;

/// <summary>The OpenAI-compatible server.</summary>
public static class QuireServer
{
    /// <summary>A server that listens as soon as it is started and loads its model meanwhile.</summary>
    /// <param name="load">Loads the engine; null loads what the options name.</param>
    public static WebApplication Build(ServerOptions options, Func<Task<QuireEngine>>? load = null, Action<ILoggingBuilder>? logging = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "quire" });
        builder.Logging.ClearProviders();
        if (logging is not null) logging(builder.Logging);
        else builder.Logging.AddSimpleConsole(console => console.SingleLine = false).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = 64 << 10;
        });
        builder.WebHost.UseUrls($"http://{(options.Host.Contains(':', StringComparison.Ordinal) ? $"[{options.Host}]" : options.Host)}:{options.Port}");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout + TimeSpan.FromSeconds(5));
        builder.Services.AddSingleton(options).AddSingleton<ServerMetrics>();
        builder.Services.AddSingleton(services => new ModelHost(options, services.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<IHostApplicationLifetime>(), load));
        builder.Services.AddHostedService(services => services.GetRequiredService<ModelHost>());

        WebApplication app = builder.Build();
        ModelHost model = app.Services.GetRequiredService<ModelHost>();
        // Kestrel stops listening after this returns, so that running answers are finished first.
        app.Lifetime.ApplicationStopping.Register(() => model.DrainAsync().GetAwaiter().GetResult());
        Errors.Use(app);
        Access.Use(app, options);
        Routes.Map(app, options);
        return app;
    }
}
