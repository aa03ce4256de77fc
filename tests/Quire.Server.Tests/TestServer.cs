using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Quire.Golden;
using Quire.Server;

namespace Quire.Server.Tests;

/// <summary>A real server on a free port of this process.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private TestServer(WebApplication app)
    {
        this.app = app;
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>The built-in model's folder.</summary>
    public static string Demo { get; } = Path.Combine(GoldenFolder.Repository, "models", "demo", "quire-demo");

    public HttpClient Client { get; }

    public ModelHost Host => app.Services.GetRequiredService<ModelHost>();

    public static ServerOptions Options => new()
    {
        Model = Demo,
        Port = 0,
        ServedModelNames = ["demo"],
        ShutdownTimeout = TimeSpan.FromSeconds(20),
        Engine = new QuireOptions { KvCacheBytes = 64 << 20, DType = "float32" },
    };

    /// <param name="isReady">Wait until the model is loaded.</param>
    public static async Task<TestServer> Start(ServerOptions options, Func<Task<QuireEngine>>? load = null, bool isReady = true)
    {
        WebApplication app = QuireServer.Build(options, load, logging => { });
        await app.StartAsync();
        var server = new TestServer(app);
        if (isReady) await server.Host.Ready;
        return server;
    }

    public Task Stop() => app.StopAsync();

    public void RequestStop() => app.Lifetime.StopApplication();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
    }
}
