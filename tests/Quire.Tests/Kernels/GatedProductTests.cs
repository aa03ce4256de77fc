using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

public sealed class GatedProductTests
{
    public static IEnumerable<TheoryDataRow<string, WeightFormat, CpuActivations>> Cases =>
        from set in KernelSet.Available
        from format in (WeightFormat[])[WeightFormat.BF16, WeightFormat.Q4_1, WeightFormat.Q8_0]
        from activations in (CpuActivations[])[CpuActivations.BF16, CpuActivations.Int8]
        select new TheoryDataRow<string, WeightFormat, CpuActivations>(set.Name, format, activations);

    [Theory, MemberData(nameof(Cases))]
    public void A_fused_product_gives_the_bits_of_its_two_steps(string set, WeightFormat format, CpuActivations activations)
    {
        const int inputs = 512;
        foreach (int columns in (int[])[32, 96, 160])
        {
            foreach (int rows in (int[])[1, 16, 33, 70, 530])
            {
                List<NativeBuffer> owned = [];
                using var device = new CpuDevice(KernelSet.Named(set), KernelSets.Pool, DType.BF16, activations);
                using var products = new Products(KernelSet.Named(set), KernelSets.Pool, activations);
                using PreparedLinear weight = device.Prepare(new StoredMatrix(format, 2 * columns, inputs, columns));
                Tensor input = KernelSets.Upload(owned, KernelSets.Floats(4, rows * inputs), DType.F32, new Shape(rows, inputs)), bias = KernelSets.Upload(owned, KernelSets.Floats(5, 2 * columns), DType.F32, new Shape(2 * columns));
                foreach (Tensor given in (Tensor[])[default, bias])
                {
                    Tensor steps = KernelSets.Unwritten(owned, new Shape(rows, columns)), fused = KernelSets.Unwritten(owned, new Shape(rows, columns)), gateUp = KernelSets.Unwritten(owned, new Shape(rows, 2 * columns));
                    device.Linear(gateUp, input, weight, new LinearEpilogue(given));
                    device.GatedActivation(steps, gateUp, Activation.Silu);
                    device.GatedLinear(fused, gateUp, input, weight, given, Activation.Silu);
                    Assert.Equal(KernelSets.Bits(steps), KernelSets.Bits(fused));
                    Assert.Equal(rows >= 16 && (KernelSet.Named(set).HasFastBf16 || (activations == CpuActivations.Int8 && format != WeightFormat.BF16)), products.TryMultiplyGated(fused, input, weight, given, Activation.Silu));
                }
                owned.ForEach(buffer => buffer.Dispose());
            }
        }
    }
}
