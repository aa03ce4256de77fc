using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Experts;

/// <summary>A mixture of experts: tokens are sorted by expert, so that each expert that was chosen multiplies its rows once, all experts in one parallel region. A token's sum runs over its experts from best to
/// last, whoever stands beside it.</summary>
internal sealed unsafe class ExpertLayer(KernelSet kernels, ComputePool pool, Products products) : IDisposable
{
    /// <summary>Tokens at a time: bounds the scratch memory, each token having several rows.</summary>
    private const int MaxTokens = 512;

    private readonly ScratchMemory inputs = new(), ups = new(), gated = new(), downs = new();
    private int[] experts = [], rowOf = [], starts = [];
    private float[] weights = [], scratch = [];

    public void Run(Tensor output, Tensor input, Tensor logits, ExpertWeights layer, in RouterRule rule, Activation activation, float limit, Tensor residual)
    {
        for (long first = 0; first < input.Shape[0]; first += MaxTokens)
        {
            long count = Math.Min(MaxTokens, input.Shape[0] - first);
            RunPiece(output.Slice(first, count), input.Slice(first, count), logits.Slice(first, count), layer, rule, activation, limit, residual.IsEmpty ? default : residual.Slice(first, count));
        }
    }

    /// <summary>What <see cref="Run"/> takes for rows sorted by expert, at most.</summary>
    public static long Bytes(ExpertWeights layer, int chosen, int tokens)
    {
        long hidden = layer.Up[0].InputFeatures, middle = layer.Down[0].InputFeatures;
        return Rows(chosen, tokens) * ((2 * hidden) + (3 * middle)) * sizeof(float);
    }

    /// <summary>What its products take, at most.</summary>
    public static ProductScratch Products(Products products, ExpertWeights layer, int chosen, int tokens)
    {
        ProductScratch all = default;
        foreach (IReadOnlyList<PreparedLinear> weights in (IReadOnlyList<PreparedLinear>[])[layer.Up, layer.Down])
        {
            int parts = weights.Sum(weight => weight is StackedWeight stacked ? stacked.Parts.Count : 1);
            foreach (PreparedLinear weight in weights) all = all.Or(products.Scratch(weight, Rows(chosen, tokens), parts));
        }
        return all;
    }

    public long HeldBytes => inputs.Length + ups.Length + gated.Length + downs.Length;

    private static long Rows(int chosen, int tokens) => (long)Math.Min(tokens, MaxTokens) * chosen;

    public void Dispose()
    {
        foreach (ScratchMemory memory in (ScratchMemory[])[inputs, ups, gated, downs]) memory.Dispose();
    }

    private void RunPiece(Tensor output, Tensor input, Tensor logits, ExpertWeights layer, in RouterRule rule, Activation activation, float limit, Tensor residual)
    {
        int tokens = (int)input.Shape[0], rows = tokens * rule.Chosen, count = layer.Up.Count, hidden = (int)input.Shape[1], middle = (int)layer.Down[0].InputFeatures;
        Reserve(rows, count);
        Route(logits, layer.Correction, rule, tokens);
        Sort(rows, count);
        var sorted = new Tensor(inputs.Get(4L * rows * hidden), DType.F32, new Shape(rows, hidden));
        var up = new Tensor(ups.Get(8L * rows * middle), DType.F32, new Shape(rows, 2 * middle));
        var active = new Tensor(gated.Get(4L * rows * middle), DType.F32, new Shape(rows, middle));
        var down = new Tensor(downs.Get(4L * rows * hidden), DType.F32, new Shape(rows, hidden));
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> from = input.Slice(row / rule.Chosen, 1).AsSpan<float>();
            Span<float> to = sorted.Slice(rowOf[row], 1).AsSpan<float>();
            from.CopyTo(to);
            if (rule.ScalesInput)
                foreach (ref float value in to) value *= weights[row];
        }
        products.Multiply(up, sorted, layer.Up, starts.AsSpan(0, count + 1), layer.UpBias);
        kernels.GatedActivation(pool, active, up, activation, limit, default);
        products.Multiply(down, active, layer.Down, starts.AsSpan(0, count + 1), layer.DownBias);
        fixed (int* places = rowOf)
        fixed (float* shares = weights)
            kernels.AddWeighted(pool, output, residual, down, places, rule.ScalesInput ? null : shares, rule.Chosen);
    }

    private void Reserve(int rows, int count)
    {
        if (experts.Length < rows) (experts, rowOf, weights) = (new int[rows], new int[rows], new float[rows]);
        if (starts.Length < count + 1) (starts, scratch) = (new int[count + 1], new float[count]);
    }

    private void Route(Tensor logits, Tensor correction, in RouterRule rule, int tokens)
    {
        ReadOnlySpan<float> corrections = correction.IsEmpty ? [] : correction.AsSpan<float>();
        for (int token = 0; token < tokens; token++)
        {
            int first = token * rule.Chosen;
            Router.Choose(rule, logits.Slice(token, 1).AsSpan<float>(), corrections, scratch.AsSpan(0, (int)logits.Shape[1]), experts.AsSpan(first, rule.Chosen), weights.AsSpan(first, rule.Chosen));
        }
    }

    // Where each (token, choice) stands among rows that are sorted by expert, tokens in order.
    private void Sort(int rows, int count)
    {
        starts.AsSpan(0, count + 1).Clear();
        for (int row = 0; row < rows; row++) starts[experts[row] + 1]++;
        for (int expert = 0; expert < count; expert++) starts[expert + 1] += starts[expert];
        for (int row = 0; row < rows; row++) rowOf[row] = starts[experts[row]]++;
        // Each entry has moved to its expert's end, which is the next one's start.
        for (int expert = count; expert > 0; expert--) starts[expert] = starts[expert - 1];
        starts[0] = 0;
    }
}
