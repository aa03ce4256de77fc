using Quire.Kernels.Cpu.Threading;

namespace Quire.Tests.Kernels;

public sealed class ComputePoolTests
{
    [Fact]
    public void Every_item_runs_once_in_thousands_of_regions()
    {
        using var pool = new ComputePool(4);
        var counts = new int[1000];
        for (int region = 0; region < 3000; region++)
        {
            var job = new Count(counts);
            pool.Run(ref job, 1 + (region % counts.Length));
        }
        for (int i = 0; i < counts.Length; i++) Assert.Equal(3000 / counts.Length * (counts.Length - i), counts[i]);
    }

    [Fact]
    public void Callers_on_many_threads_take_turns()
    {
        using var pool = new ComputePool(3);
        var counts = new int[64];
        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 200; i++)
            {
                var job = new Count(counts);
                pool.Run(ref job, counts.Length);
            }
        });
        Assert.All(counts, count => Assert.Equal(8 * 200, count));
    }

    [Fact]
    public void An_exception_of_an_item_reaches_the_caller_and_the_pool_lives_on()
    {
        using var pool = new ComputePool(2);
        var failing = default(Failing);
        Assert.Contains("item 3", Assert.Throws<InvalidOperationException>(() => pool.Run(ref failing, 10)).Message);
        var counts = new int[10];
        var job = new Count(counts);
        pool.Run(ref job, 10);
        Assert.All(counts, count => Assert.Equal(1, count));
    }

    private readonly struct Count(int[] counts) : IJob
    {
        public void Run(int item, int worker) => Interlocked.Increment(ref counts[item]);
    }

    private readonly struct Failing : IJob
    {
        public void Run(int item, int worker)
        {
            if (item == 3) throw new FormatException("item 3");
        }
    }
}
