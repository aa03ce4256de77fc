using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

public sealed class GroupedProductTests
{
    public static IEnumerable<TheoryDataRow<string, CpuActivations>> Cases =>
        from set in KernelSet.Available
        from activations in Enum.GetValues<CpuActivations>()
        select new TheoryDataRow<string, CpuActivations>(set.Name, activations);

    // Five weights, one of them without rows; all in one format, then in several, which are not run together; stacked ones of two formats.
    [Theory, MemberData(nameof(Cases))]
    public void A_group_gives_the_bits_of_its_products_alone(string set, CpuActivations activations)
    {
        Compare(set, activations, i => [new StoredMatrix(WeightFormat.BF16, 70, 96, i)]);
        Compare(set, activations, i => [new StoredMatrix(WeightFormat.Q4_0, 70, 96, i)]);
        Compare(set, activations, i => [new StoredMatrix(WeightFormat.F32, 70, 96, i)]);
        Compare(set, activations, i => [new StoredMatrix(i % 2 == 0 ? WeightFormat.Q4_1 : WeightFormat.BF16, 70, 96, i)]);
        Compare(set, activations, i => [new RandomCodes(70, 96, new CodedLayout(CodeKind.Unsigned4, 96, DType.F16) { HasZeros = true }, i)]);
        Compare(set, activations, i => [new RandomCodes(70, 96, new CodedLayout(CodeKind.Unsigned4, i % 2 == 0 ? 32 : 96, DType.F16) { HasZeros = true }, i)]);
        Compare(set, activations, i => [new StoredMatrix(WeightFormat.Q4_0, 30, 96, i), new StoredMatrix(WeightFormat.Q8_0, 40, 96, i + 50)]);
    }

    [Fact]
    public void Every_item_of_every_job_runs_once()
    {
        int[] counts = [3, 1, 40, 2, 7];
        var done = new int[counts.Sum()];
        var group = new JobGroup<Mark>(counts.Length);
        for (int i = 0; i < counts.Length; i++) group.Add(new Mark(done, counts.Take(i).Sum()), counts[i]);
        group.RunOn(KernelSets.Pool);
        Assert.All(done, times => Assert.Equal(1, times));
    }

    private static void Compare(string set, CpuActivations activations, Func<int, IWeightRows[]> matrices)
    {
        int[] starts = [0, 3, 3, 4, 20, 60];
        List<NativeBuffer> owned = [];
        using var device = new CpuDevice(KernelSet.Named(set), KernelSets.Pool, DType.BF16, activations);
        using var products = new Products(KernelSet.Named(set), KernelSets.Pool, activations);
        PreparedLinear[] weights = [.. Enumerable.Range(0, 5).Select(i => device.Prepare(matrices(i)))];
        Tensor input = KernelSets.Upload(owned, KernelSets.Floats(4, 60 * 96), DType.F32, new Shape(60, 96)), bias = KernelSets.Upload(owned, KernelSets.Floats(5, 5 * 70), DType.F32, new Shape(5, 70));
        Tensor together = KernelSets.Unwritten(owned, new Shape(60, 70)), alone = KernelSets.Unwritten(owned, new Shape(60, 70));
        products.Multiply(together, input, weights, starts, bias);
        for (int i = 0; i < 5; i++)
        {
            for (int row = starts[i]; row < starts[i + 1]; row++)
                products.Multiply(alone.Slice(row, 1), input.Slice(row, 1), weights[i], new LinearEpilogue(bias.Slice(i, 1)));
        }
        Assert.Equal(KernelSets.Bits(alone), KernelSets.Bits(together));
        owned.ForEach(buffer => buffer.Dispose());
        foreach (PreparedLinear weight in weights) weight.Dispose();
    }

    private readonly struct Mark(int[] done, int first) : IJob
    {
        public void Run(int item, int worker) => Interlocked.Increment(ref done[first + item]);
    }
}
