using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Chooses how a product is done: what happens to the inputs before it, and in which arithmetic.</summary>
internal sealed unsafe class Products(KernelSet kernels, ComputePool pool, CpuActivations activations) : IDisposable
{
    private readonly ScratchMemory rounded = new(), scheme = new(), reordered = new();

    public void Multiply(Tensor output, Tensor input, PreparedLinear weight, in LinearEpilogue epilogue)
    {
        if (weight is not StackedWeight stacked)
        {
            Multiply(output, input, Packed(weight), epilogue, 0);
            return;
        }
        long first = 0;
        foreach (PackedWeight part in stacked.Parts)
        {
            Multiply(output, input, part, epilogue, first);
            first += part.OutputFeatures;
        }
    }

    public static PackedWeight Packed(PreparedLinear weight) =>
        weight as PackedWeight ?? throw new ArgumentException($"a {weight.GetType().Name} was prepared by another device, or is no table");

    public void Dispose()
    {
        rounded.Dispose();
        scheme.Dispose();
        reordered.Dispose();
    }

    /// <param name="first">The weight's first column of the output.</param>
    private void Multiply(Tensor output, Tensor input, PackedWeight weight, in LinearEpilogue epilogue, long first)
    {
        var to = new ProductOutput(
            At(output, first), output.Shape.Columns, (int)weight.OutputFeatures, At(epilogue.Bias, first), At(epilogue.Residual, first), weight.Factor);
        bool isInteger = activations == CpuActivations.Int8 && weight.Format.HasIntegerProduct;
        // Int8 by row needs no other product than int8 by group.
        bool roundsByRow = isInteger && weight.Scheme is { Format: ActivationFormat.Int8, Scale: 0, IsSymmetric: true };
        if (weight.Scheme is not null && !roundsByRow) input = Rounded(input, weight.Scheme);
        if (weight.OrderAddress != 0) input = Reordered(input, (int*)weight.OrderAddress);
        if (isInteger && (weight.Scheme is null || roundsByRow))
        {
            int groups = (int)(PackedFormat.Padded(weight.InputFeatures) / Packing.Group);
            var rows = new ActivationRows(rounded.Get(ActivationRows.Bytes(input.Shape.Rows, groups)), (int)input.Shape.Rows, groups);
            kernels.Round(pool, input, rows, roundsByRow);
            kernels.Linear(pool, rows, weight, to);
            return;
        }
        bool canRound = weight.Format.IsCoded || weight.Format == PackedFormat.BF16;
        if (activations != CpuActivations.F32 && canRound && kernels.HasFastBf16)
            kernels.LinearBf16(pool, input, rounded.Get((weight.InputFeatures + 1) * input.Shape.Rows * sizeof(ushort)), weight, to);
        else
            kernels.Linear(pool, input, weight, to);
    }

    private Tensor Rounded(Tensor input, ActivationScheme by)
    {
        Tensor copy = new(scheme.Get(input.ByteCount), DType.F32, input.Shape);
        kernels.Round(pool, input, copy, by);
        return copy;
    }

    private Tensor Reordered(Tensor input, int* order)
    {
        Tensor copy = new(reordered.Get(input.ByteCount), DType.F32, input.Shape);
        var job = new InputReordering((float*)input.Address, (float*)copy.Address, (int)input.Shape.Columns, order);
        pool.Run(ref job, (int)input.Shape.Rows);
        return copy;
    }

    private static float* At(Tensor tensor, long column) => tensor.IsEmpty ? null : (float*)tensor.Address + column;
}
