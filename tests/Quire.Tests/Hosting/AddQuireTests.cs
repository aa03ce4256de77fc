using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quire.Hosting;

namespace Quire.Tests.Hosting;

public sealed class AddQuireTests
{
    private static readonly QuireOptions Small = new() { MaxModelLength = 64, MaxSequences = 2, Threads = 1 };

    [Fact]
    public async Task The_host_loads_the_engine_at_start_and_drains_it_at_stop()
    {
        var log = new RecordingLoggers();
        QuireEngine engine;
        await using (ServiceProvider services = new ServiceCollection().AddSingleton<ILoggerFactory>(log).AddQuire("demo", Small).BuildServiceProvider())
        {
            IHostedService lifetime = Assert.Single(services.GetServices<IHostedService>());
            Assert.Empty(log.Messages);
            await lifetime.StartAsync(TestContext.Current.CancellationToken);
            Assert.Contains(log.Messages, message => message.Contains("Loaded demo", StringComparison.Ordinal));

            engine = services.GetRequiredService<QuireEngine>();
            Assert.Same(engine, services.GetRequiredService<QuireEngine>());
            Assert.Equal(64, engine.MaxModelLength);
            Assert.NotEmpty((await engine.GenerateAsync("2 + 2 =", TestContext.Current.CancellationToken)).Tokens);

            await lifetime.StopAsync(TestContext.Current.CancellationToken);
            await AssertRefuses(engine);
        }
        await AssertRefuses(engine);
    }

    [Fact]
    public async Task Without_a_host_the_first_use_loads_it_and_the_container_disposes_it()
    {
        QuireEngine engine;
        await using (ServiceProvider services = new ServiceCollection().AddQuire("demo", Small).BuildServiceProvider())
        {
            engine = services.GetRequiredService<QuireEngine>();
            Assert.NotEmpty((await engine.GenerateAsync("2 + 2 =", TestContext.Current.CancellationToken)).Tokens);
        }
        await AssertRefuses(engine);
    }

    [Fact]
    public async Task A_model_that_is_not_there_stops_the_host_from_starting()
    {
        await using ServiceProvider services = new ServiceCollection().AddQuire("no such model").BuildServiceProvider();
        IHostedService lifetime = services.GetRequiredService<IHostedService>();
        QuireException error = await Assert.ThrowsAsync<QuireException>(() => lifetime.StartAsync(TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.NotFound, error.Kind);
        await lifetime.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_container_that_nobody_used_loads_nothing()
    {
        await using ServiceProvider services = new ServiceCollection().AddQuire("no such model").BuildServiceProvider();
        Assert.NotNull(services.GetRequiredService<IHostedService>());
    }

    [Fact]
    public void A_second_engine_is_refused()
    {
        IServiceCollection services = new ServiceCollection().AddQuire("demo");
        Assert.Throws<InvalidOperationException>(() => services.AddQuire("demo"));
    }

    private static async Task AssertRefuses(QuireEngine engine)
    {
        QuireException error = await Assert.ThrowsAsync<QuireException>(() => engine.GenerateAsync("2 + 2 ="));
        Assert.Equal(ErrorKind.Unavailable, error.Kind);
    }

    private sealed class RecordingLoggers : ILoggerFactory, ILogger
    {
        public List<string> Messages { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Messages.Add(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
