[assembly: AssemblyFixture(typeof(Quire.Server.Tests.ServerFixture))]

namespace Quire.Server.Tests;

/// <summary>One server with the built-in model for all tests that do not disturb it.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.Start(TestServer.Options);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
