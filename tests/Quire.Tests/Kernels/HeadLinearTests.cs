using Quire.Tensors;

namespace Quire.Tests.Kernels;

public sealed class HeadLinearTests
{
    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void A_head_gets_the_bits_of_a_product_of_its_own_part_and_nothing_behind_it_is_written(string set)
    {
        const int Heads = 3, Outputs = 24, Inputs = 66, OutputSize = 30, InputSize = 70;
        foreach (int rows in (int[])[1, 7, 100])
        {
            foreach (WeightFormat format in (WeightFormat[])[WeightFormat.BF16, WeightFormat.F32])
            {
                List<NativeBuffer> owned = [];
                var device = KernelSets.Device(set);
                StoredMatrix[] matrices = [.. Enumerable.Range(0, Heads).Select(head => new StoredMatrix(format, Outputs, Inputs, head + 1))];
                using PreparedHeads prepared = device.PrepareHeads(matrices);
                float[] input = KernelSets.Floats(rows, rows * Heads * InputSize);
                Tensor output = KernelSets.Unwritten(owned, new Shape(rows, Heads, OutputSize));
                device.HeadLinear(output, KernelSets.Upload(owned, input, DType.F32, new Shape(rows, Heads, InputSize)), prepared);
                for (int head = 0; head < Heads; head++)
                {
                    using PreparedLinear own = device.Prepare(matrices[head]);
                    float[] part = [.. Enumerable.Range(0, rows).SelectMany(row => input.Skip(((row * Heads) + head) * InputSize).Take(Inputs))];
                    Tensor expected = KernelSets.Unwritten(owned, new Shape(rows, Outputs));
                    device.Linear(expected, KernelSets.Upload(owned, part, DType.F32, new Shape(rows, Inputs)), own, default);
                    for (int row = 0; row < rows; row++)
                    {
                        ReadOnlySpan<float> actual = output.AsSpan<float>().Slice(((row * Heads) + head) * OutputSize, OutputSize);
                        Assert.Equal(expected.AsSpan<float>().Slice(row * Outputs, Outputs), actual[..Outputs]);
                        foreach (float behind in actual[Outputs..]) Assert.True(float.IsNaN(behind));
                    }
                }
                owned.ForEach(buffer => buffer.Dispose());
            }
        }
    }
}
