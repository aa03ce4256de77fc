using Quire.Kernels.Cpu.Linear;

namespace Quire.Tests.Kernels;

public sealed class ProductItemsTests
{
    [Fact]
    public void Every_panel_meets_every_row_once()
    {
        foreach (int workers in (int[])[1, 2, 3, 16])
        {
            foreach (int panels in (int[])[1, 2, 9, 15, 48, 257])
            {
                foreach (int rows in KernelSets.AwkwardSizes.Concat([255, 256, 300, 512, 1000, 8192]))
                {
                    foreach ((int most, int step) in (ReadOnlySpan<(int, int)>)[(512, 32), (64, 16), (192, 6)])
                    {
                        var items = new ProductItems(panels, rows, most, step, workers);
                        var seen = new int[panels, rows];
                        for (int item = 0; item < items.Count; item++)
                        {
                            (int panel, int end, int first, int count) = items.Item(item);
                            Assert.InRange(count, 1, most);
                            Assert.Equal(0, first % step);
                            for (; panel < end; panel++)
                                for (int row = first; row < first + count; row++) seen[panel, row]++;
                        }
                        Assert.All(seen.Cast<int>().Distinct(), times => Assert.Equal(1, times));
                    }
                }
            }
        }
    }

    // Nine panels for two threads would be five and four.
    [Theory, InlineData(9, 512, 2), InlineData(15, 512, 2), InlineData(9, 2048, 4)]
    public void Many_rows_are_cut_until_threads_wait_little(int panels, int rows, int workers)
    {
        int items = new ProductItems(panels, rows, 512, 32, workers).Count, longest = (items + workers - 1) / workers;
        Assert.True(longest * workers <= 1.07 * items, $"{items} items");
    }
}
