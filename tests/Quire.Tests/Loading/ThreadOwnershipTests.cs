using Microsoft.Extensions.Logging.Abstractions;
using Quire.Formats;

namespace Quire.Tests.Loading;

public sealed class ThreadOwnershipTests
{
    // Whoever makes compute threads ends them: only an engine without wishes of its own shares the process's.
    [Fact]
    public void An_engine_owns_threads_that_were_made_for_it()
    {
        foreach ((QuireOptions options, bool owns) in (ReadOnlySpan<(QuireOptions, bool)>)[(new(), false), (new() { Threads = 1 }, true), (new() { PinThreads = "off" }, true)])
        {
            using Checkpoint checkpoint = Checkpoint.Open(ModelLocation.Find(ModelLocation.BuiltIn));
            using LoadedModel model = ModelLoader.Load(checkpoint, options with { KvCacheBytes = 16 << 20 }, NullLogger.Instance);
            Assert.Equal(owns, model.OwnPool is not null);
        }
    }
}
