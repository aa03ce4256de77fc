using Quire.Kernels.Cpu.Threading;

namespace Quire.Tests.Kernels;

public sealed class ItemRangesTests
{
    [Fact]
    public void A_worker_goes_through_its_own_run_and_then_takes_what_is_left_of_others()
    {
        var ranges = new ItemRanges(3);
        ranges.Begin(10);
        Assert.Equal(0, new Claimer(ranges, 0).Next());
        var second = new Claimer(ranges, 1);
        Assert.Equal([3, 4, 5, 6, 7, 8, 9, 1, 2, -1], Enumerable.Range(0, 10).Select(_ => second.Next()));
        Assert.Equal(-1, new Claimer(ranges, 2).Next());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Every_item_is_claimed_once_in_every_region(int workers)
    {
        var ranges = new ItemRanges(workers);
        foreach (int items in new[] { 1, 2, 3, 5, 6, 7, 8, 100, 1, 100 })
        {
            ranges.Begin(items);
            var counts = new int[items];
            Parallel.For(0, workers, worker =>
            {
                var claimer = new Claimer(ranges, worker);
                for (int item; (item = claimer.Next()) >= 0;) Interlocked.Increment(ref counts[item]);
            });
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }

    private sealed class Claimer(ItemRanges ranges, int self)
    {
        private int? owner;

        public int Next()
        {
            int looksAt = owner ?? self, item = ranges.Claim(self, ref looksAt);
            owner = looksAt;
            return item;
        }
    }
}
