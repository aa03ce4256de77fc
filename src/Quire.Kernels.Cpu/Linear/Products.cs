using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Chooses how a product is done: what happens to the inputs before it, and in which arithmetic.</summary>
internal sealed unsafe class Products(KernelSet kernels, ComputePool pool, CpuActivations activations) : IDisposable
{
    // With fewer, a panel of neighbouring tiles reads memory better, and the product stays in a near cache.
    private const int MinFusedRows = 16;

    private readonly ScratchMemory rounded = new(), scheme = new(), reordered = new();
    private readonly List<GroupedProduct> group = [];

    // What activations are rounded to before a product.
    private enum Arithmetic
    {
        F32,
        BF16,
        Int8,

        /// <summary>With one scale for a row, as a checkpoint asks.</summary>
        Int8ByRow,
    }

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

    /// <summary>output = activation(gate) * up of a product [gate | up], without the product in memory; the bits are those of the two steps.</summary>
    /// <param name="bias">[2 * columns]; empty adds nothing.</param>
    /// <returns>False, and nothing is written, where the two steps serve as well or no kernel fuses them.</returns>
    public bool TryMultiplyGated(Tensor output, Tensor input, PreparedLinear weight, Tensor bias, Activation activation)
    {
        if (input.Shape.Rows < MinFusedRows || weight is not PackedWeight packed || packed.Tiles % OutputPanels.Tiles != 0 || packed.OutputFeatures % OutputPanels.SumColumns != 0 || Of(packed) == Arithmetic.F32) return false;
        Multiply(new ProductOutput(At(output, 0), output.Shape.Columns, (int)output.Shape.Columns, At(bias, 0), null, packed.Factor, activation), input, packed);
        return true;
    }

    /// <summary>Products of some of the inputs' rows with a weight of their own each.</summary>
    /// <param name="weights">All in the same arithmetic run in one parallel region; others one after the other.</param>
    /// <param name="starts">First row of each weight, and the one after the last's.</param>
    /// <param name="bias">[weights, outputs]; empty adds nothing.</param>
    public void Multiply(Tensor output, Tensor input, IReadOnlyList<PreparedLinear> weights, ReadOnlySpan<int> starts, Tensor bias)
    {
        group.Clear();
        for (int i = 0; i < weights.Count; i++)
        {
            int firstRow = starts[i], rows = starts[i + 1] - firstRow;
            if (rows == 0) continue;
            Tensor to = output.Slice(firstRow, rows), own = bias.IsEmpty ? default : bias.Slice(i, 1);
            if (weights[i] is not StackedWeight stacked)
            {
                Add(Packed(weights[i]), firstRow, to, own, 0);
                continue;
            }
            long first = 0;
            foreach (PackedWeight part in stacked.Parts)
            {
                Add(part, firstRow, to, own, first);
                first += part.OutputFeatures;
            }
        }
        if (group.Count == 0) return;
        Arithmetic common = Of(group[0].Weight);
        ActivationScheme? by = group[0].Weight.Scheme;
        PackedFormat form = group[0].Weight.Format;
        if (group.TrueForAll(product => Of(product.Weight) == common && product.Weight.Scheme == by && product.Weight.OrderAddress == 0
            && (common != Arithmetic.BF16 || kernels.ShareBf16Rows(form, product.Weight.Format))))
        {
            RunGroup(input, common, by);
            return;
        }
        for (int i = 0; i < weights.Count; i++)
        {
            int firstRow = starts[i], rows = starts[i + 1] - firstRow;
            if (rows > 0) Multiply(output.Slice(firstRow, rows), input.Slice(firstRow, rows), weights[i], new LinearEpilogue(bias.IsEmpty ? default : bias.Slice(i, 1)));
        }
    }

    private void Add(PackedWeight weight, int firstRow, Tensor output, Tensor bias, long first) => group.Add(new GroupedProduct(
        weight, firstRow, (int)output.Shape.Rows, new ProductOutput(At(output, first), output.Shape.Columns, (int)weight.OutputFeatures, At(bias, first), null, weight.Factor)));

    private void RunGroup(Tensor input, Arithmetic arithmetic, ActivationScheme? by)
    {
        if (by is not null && arithmetic != Arithmetic.Int8ByRow) input = Rounded(input, by);
        long rows = input.Shape.Rows, inputs = input.Shape.Columns;
        switch (arithmetic)
        {
            case Arithmetic.Int8 or Arithmetic.Int8ByRow:
                kernels.LinearGroupInt8(pool, input, rounded.Get(kernels.Int8Bytes(rows, inputs, group.Count)), arithmetic == Arithmetic.Int8ByRow, group);
                break;
            case Arithmetic.BF16:
                kernels.LinearGroupBf16(pool, input, rounded.Get(kernels.Bf16Bytes(rows, inputs)), group);
                break;
            default:
                kernels.LinearGroup(pool, input, group);
                break;
        }
    }

    /// <summary>What a product of that many rows takes at most, alone or as one of several in a region.</summary>
    public ProductScratch Scratch(PreparedLinear weight, long rows, int products)
    {
        if (weight is StackedWeight stacked)
        {
            ProductScratch all = default;
            foreach (PackedWeight part in stacked.Parts) all = all.Or(Scratch(part, rows, products));
            return all;
        }
        PackedWeight packed = Packed(weight);
        Arithmetic arithmetic = Of(packed);
        long bytes = rows * packed.InputFeatures * sizeof(float);
        return new ProductScratch(
            arithmetic switch
            {
                Arithmetic.Int8 or Arithmetic.Int8ByRow => kernels.Int8Bytes(rows, packed.InputFeatures, products),
                Arithmetic.BF16 => kernels.Bf16Bytes(rows, packed.InputFeatures),
                _ => 0,
            },
            packed.Scheme is not null && arithmetic != Arithmetic.Int8ByRow ? bytes : 0,
            packed.OrderAddress != 0 ? bytes : 0);
    }

    public long HeldBytes => rounded.Length + scheme.Length + reordered.Length;

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
        Multiply(to, input, weight);
    }

    private void Multiply(ProductOutput to, Tensor input, PackedWeight weight)
    {
        if (input.Shape.Rows == 0) return;
        Arithmetic arithmetic = Of(weight);
        if (weight.Scheme is not null && arithmetic != Arithmetic.Int8ByRow) input = Rounded(input, weight.Scheme);
        if (weight.OrderAddress != 0) input = Reordered(input, (int*)weight.OrderAddress);
        switch (arithmetic)
        {
            case Arithmetic.Int8 or Arithmetic.Int8ByRow:
                kernels.LinearInt8(pool, input, rounded.Get(kernels.Int8Bytes(input.Shape.Rows, weight.InputFeatures, 1)), arithmetic == Arithmetic.Int8ByRow, weight, to);
                break;
            case Arithmetic.BF16:
                kernels.LinearBf16(pool, input, rounded.Get(kernels.Bf16Bytes(input.Shape.Rows, weight.InputFeatures)), weight, to);
                break;
            default:
                kernels.Linear(pool, input, weight, to);
                break;
        }
    }

    /// <summary>How codes of a weight lie for the product that will be done with them.</summary>
    public PackedFormat Layout(PackedFormat format, ActivationScheme? by) =>
        format with { ByColumn = kernels.HasTileRegisters && format.HasNibbles && format.GroupSize >= Packing.Group && Of(format, by) == Arithmetic.BF16 };

    private Arithmetic Of(PackedWeight weight) => Of(weight.Format, weight.Scheme);

    private Arithmetic Of(PackedFormat format, ActivationScheme? by)
    {
        if (activations == CpuActivations.Int8 && format.HasIntegerProduct)
        {
            if (by is null) return Arithmetic.Int8;
            // Int8 by row needs no other product than int8 by group.
            if (by is { Format: ActivationFormat.Int8, Scale: 0, IsSymmetric: true }) return Arithmetic.Int8ByRow;
        }
        bool canRound = format.IsCoded || format == PackedFormat.BF16;
        return activations != CpuActivations.F32 && canRound && kernels.HasFastBf16 ? Arithmetic.BF16 : Arithmetic.F32;
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
