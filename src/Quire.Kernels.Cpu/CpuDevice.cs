using Quire.Kernels.Cpu.Attention;
using Quire.Kernels.Cpu.Elements;
using Quire.Kernels.Cpu.Experts;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Lora;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu;

/// <summary>The CPU as a device: operations run at once, on the calling thread and the pool's.</summary>
/// <param name="kernels">The instruction set.</param>
/// <param name="pool">May be shared with other devices of the process; the caller disposes it.</param>
/// <param name="weights">What formats without a kernel of their own, and f32 weights, are kept as: <see cref="DType.F32"/> or <see cref="DType.BF16"/>.</param>
/// <param name="activations">What products round their inputs to.</param>
public sealed class CpuDevice(KernelSet kernels, ComputePool pool, DType weights = DType.F32, CpuActivations activations = CpuActivations.F32) : IDevice
{
    private readonly ScratchMemory scratch = new();
    private readonly Products products = new(kernels, pool, activations);
    private ExpertLayer? expertLayer;

    private ExpertLayer Mixture => expertLayer ??= new ExpertLayer(kernels, pool, products);

    private readonly PackedFormat fallback = weights switch
    {
        DType.F32 => PackedFormat.F32,
        DType.BF16 => PackedFormat.BF16,
        _ => throw new ArgumentOutOfRangeException(nameof(weights), weights, "weights are kept as F32 or BF16"),
    };

    public string Name => $"cpu ({kernels.Name}, {pool.Workers} threads)";

    public DeviceBuffer Allocate(long bytes) => new NativeBuffer(bytes);

    public long ScratchBytes(StepDemand demand)
    {
        long attention = demand.Attention.Select(layer => AttentionPartials.Bytes(pool, layer.Heads, layer.Layout, demand.Sequences, demand.Positions)).DefaultIfEmpty().Max();
        ProductScratch multiplied = default;
        foreach (PreparedLinear weight in demand.Weights) multiplied = multiplied.Or(products.Scratch(weight, demand.Tokens, 1));
        long sorted = 0;
        foreach ((ExpertWeights experts, int chosen) in demand.Mixtures)
        {
            multiplied = multiplied.Or(ExpertLayer.Products(products, experts, chosen, demand.Tokens));
            sorted = Math.Max(sorted, ExpertLayer.Bytes(experts, chosen, demand.Tokens));
        }
        return attention + multiplied.Bytes + sorted;
    }

    public long HeldScratchBytes => scratch.Length + products.HeldBytes + (expertLayer?.HeldBytes ?? 0);

    public void Write<T>(Tensor destination, ReadOnlySpan<T> source) where T : unmanaged
    {
        Span<T> to = destination.AsSpan<T>();
        if (to.Length != source.Length) throw new ArgumentException($"{source.Length} elements do not fill {destination}");
        source.CopyTo(to);
    }

    public PreparedLinear Prepare(params ReadOnlySpan<IWeightRows> parts)
    {
        List<PackedWeight> packed = [];
        try
        {
            for (int start = 0, end; start < parts.Length; start = end)
            {
                for (end = start + 1; end < parts.Length && StackedRows.AreAlike(parts[start], parts[end]);) end++;
                packed.Add(Packing.Pack(pool, end - start == 1 ? parts[start] : new StackedRows(parts[start..end].ToArray()), fallback, products.Layout));
            }
            return packed.Count == 1 ? packed[0] : new StackedWeight([.. packed]);
        }
        catch
        {
            packed.ForEach(part => part.Dispose());
            throw;
        }
    }

    public void Embed(Tensor output, Tensor ids, PreparedLinear table, float scale)
    {
        Check.F32(output, nameof(output), ids.Shape.Count, table.InputFeatures);
        Check.Type(ids, nameof(ids), DType.I32);
        KernelSet.Embed(pool, output, ids, Products.Packed(table), scale);
    }

    public void Norm(Tensor output, Tensor input, in NormWeight norm)
    {
        Check.F32(output, nameof(output), input.Shape.Rows, input.Shape.Columns);
        Check.F32(norm.Weight, nameof(norm), 1, input.Shape.Columns);
        if (!norm.Bias.IsEmpty) Check.F32(norm.Bias, nameof(norm), 1, input.Shape.Columns);
        kernels.Norm(pool, output, input, norm);
    }

    public void Add(Tensor output, Tensor input, float scale)
    {
        Check.F32(output, nameof(output), input.Shape.Rows, input.Shape.Columns);
        Check.F32(input, nameof(input), input.Shape.Rows, input.Shape.Columns);
        kernels.Add(pool, output, input, scale);
    }

    public void ScaleAndCap(Tensor values, float scale, float cap)
    {
        Check.F32(values, nameof(values), values.Shape.Rows, values.Shape.Columns);
        kernels.ScaleAndCap(pool, values, scale, cap);
    }

    public void Linear(Tensor output, Tensor input, PreparedLinear weight, in LinearEpilogue epilogue)
    {
        Check.F32(output, nameof(output), input.Shape.Rows, weight.OutputFeatures);
        Check.F32(input, nameof(input), input.Shape.Rows, weight.InputFeatures);
        if (!epilogue.Bias.IsEmpty) Check.F32(epilogue.Bias, "bias", 1, weight.OutputFeatures);
        if (!epilogue.Residual.IsEmpty) Check.F32(epilogue.Residual, "residual", input.Shape.Rows, weight.OutputFeatures);
        products.Multiply(output, input, weight, epilogue);
    }

    public PreparedLora PrepareLora(IReadOnlyList<LoraPart> parts, ReadOnlySpan<float> bias)
    {
        if (parts.Sum(part => part.A?.Shape[0] ?? 0) > kernels.MaxLoraRank) throw new QuireException(ErrorKind.NotSupported, $"adapters of one product may have ranks of {kernels.MaxLoraRank} together on the CPU");
        return LoraPacking.Pack(pool, parts, bias, fallback);
    }

    public PreparedLora PrepareTableLora(IWeightRows table, LoraPart part) => LoraPacking.PackTable(pool, table, part, fallback);

    public LoraSlots CreateLoraSlots() => new CpuLoraSlots();

    private static void CheckUpdate(Tensor output, in LoraUpdate update)
    {
        if (update.Adapters is null) return;
        Check.F32(update.Input, nameof(update), output.Shape.Rows, update.Input.Shape.Columns);
        Check.Type(update.Slots, nameof(update), DType.I32);
        if (update.Slots.Shape.Count != output.Shape.Rows) throw new ArgumentException($"{update.Slots.Shape.Count} slots are given for {output.Shape.Rows} rows");
    }

    public void Lora(Tensor output, Tensor input, LoraSlots adapters, Tensor slots)
    {
        Check.F32(output, nameof(output), slots.Shape.Count, output.Shape.Columns);
        Check.Type(slots, nameof(slots), DType.I32);
        if (input.Type != DType.I32) Check.F32(input, nameof(input), slots.Shape.Count, input.Shape.Columns);
        kernels.Lora(pool, output, input, CpuLoraSlots.Of(adapters), slots);
    }

    public void SplitHeads(Tensor query, Tensor qkv, in KvCache cache, in AttentionBatch batch, in HeadRule rule, in LoraUpdate update = default)
    {
        Check.F32(query, nameof(query), query.Shape[0] * rule.Heads, rule.HeadSize);
        Check.F32(qkv, nameof(qkv), query.Shape[0], (long)(rule.Heads + (2 * rule.KvHeads)) * rule.HeadSize);
        CheckUpdate(qkv, update);
        kernels.SplitHeads(pool, query, qkv, cache, batch, rule, update);
    }

    public PreparedHeads PrepareHeads(IReadOnlyList<IWeightRows> heads)
    {
        List<PackedWeight> packed = [];
        try
        {
            foreach (IWeightRows head in heads) packed.Add(Packing.Pack(pool, head, fallback));
            return new PackedHeads(packed);
        }
        catch
        {
            packed.ForEach(head => head.Dispose());
            throw;
        }
    }

    public void HeadLinear(Tensor output, Tensor input, PreparedHeads heads)
    {
        IReadOnlyList<PackedWeight> weights = (heads as PackedHeads)?.Weights ?? throw new ArgumentException($"a {heads.GetType().Name} was prepared by another device");
        Check.F32(input, nameof(input), output.Shape[0] * heads.Count, input.Shape[2]);
        Check.F32(output, nameof(output), input.Shape[0] * heads.Count, output.Shape[2]);
        if (input.Shape[2] < weights[0].InputFeatures || output.Shape[2] < weights[0].OutputFeatures) throw new ArgumentException($"heads of {input} or {output} are shorter than their matrices");
        kernels.HeadLinear(pool, output, input, weights);
    }

    public void SplitLatent(Tensor query, Tensor rows, Tensor latents, in KvCache cache, in AttentionBatch batch, in LatentRule rule)
    {
        Check.F32(query, nameof(query), query.Shape[0] * query.Shape[1], cache.Layout.HeadSize);
        Check.F32(rows, nameof(rows), query.Shape[0] * query.Shape[1], rule.PlainSize + cache.Layout.HeadSize - rule.LatentSize);
        Check.F32(latents, nameof(latents), query.Shape[0], cache.Layout.HeadSize);
        kernels.SplitLatent(pool, query, rows, latents, cache, batch, rule);
    }

    public void Attention(Tensor output, Tensor query, in KvCache cache, in AttentionBatch batch, in AttentionRule rule)
    {
        Check.F32(query, nameof(query), query.Shape.Rows, cache.Layout.HeadSize);
        Check.F32(output, nameof(output), query.Shape.Rows, cache.Layout.ValueSize);
        kernels.Attention(pool, scratch, output, query, cache, batch, rule, mayRound: activations != CpuActivations.F32);
    }

    public void GatedLinear(Tensor output, Tensor gateUp, Tensor input, PreparedLinear weight, Tensor bias, Activation activation)
    {
        Check.F32(output, nameof(output), input.Shape.Rows, weight.OutputFeatures / 2);
        Check.F32(gateUp, nameof(gateUp), input.Shape.Rows, weight.OutputFeatures);
        Check.F32(input, nameof(input), input.Shape.Rows, weight.InputFeatures);
        if (!bias.IsEmpty) Check.F32(bias, nameof(bias), 1, weight.OutputFeatures);
        if (products.TryMultiplyGated(output, input, weight, bias, activation)) return;
        Linear(gateUp, input, weight, new LinearEpilogue(bias));
        GatedActivation(output, gateUp, activation);
    }

    public void GatedActivation(Tensor output, Tensor gateUp, Activation activation, float limit = 0, in LoraUpdate update = default)
    {
        Check.F32(gateUp, nameof(gateUp), output.Shape.Rows, 2 * output.Shape.Columns);
        CheckUpdate(gateUp, update);
        kernels.GatedActivation(pool, output, gateUp, activation, limit, update);
    }

    public void Experts(Tensor output, Tensor input, Tensor logits, ExpertWeights layer, in RouterRule rule, Activation activation, float limit, Tensor residual)
    {
        Check.F32(output, nameof(output), input.Shape[0], input.Shape[1]);
        Check.F32(logits, nameof(logits), input.Shape[0], layer.Up.Count);
        Mixture.Run(output, input, logits, layer, rule, activation, limit, residual);
    }

    public void AddGated(Tensor output, Tensor input, Tensor gates)
    {
        Check.F32(output, nameof(output), input.Shape.Rows, input.Shape.Columns);
        Check.F32(gates, nameof(gates), input.Shape.Rows, 1);
        Span<float> values = gates.AsSpan<float>();
        foreach (ref float value in values) value = 1 / (1 + MathF.Exp(-value));
        unsafe
        {
            kernels.AddWeighted(pool, output, output, input, null, (float*)gates.Address, 1);
        }
    }

    public void Activate(Tensor values, Activation activation)
    {
        Check.F32(values, nameof(values), values.Shape.Rows, values.Shape.Columns);
        kernels.Activate(pool, values, activation);
    }

    public void CausalConv(Tensor output, Tensor rows, Tensor weight, in StateCache state, in StateBatch batch, bool isGated)
    {
        long channels = weight.Shape[1];
        Check.F32(output, nameof(output), rows.Shape.Rows, output.Shape.Columns);
        Check.F32(state.Window, nameof(state), state.Window.Shape[0] * (weight.Shape[0] - 1), channels);
        if (output.Shape.Columns < channels || rows.Shape.Columns < channels * (isGated ? 3 : 1)) throw new ArgumentException($"rows of {rows.Shape.Columns} and {output.Shape.Columns} elements are too short for {channels} channels");
        kernels.CausalConv(pool, output, rows, weight, state, batch, isGated);
    }

    public void GatedDelta(Tensor output, Tensor rows, Tensor gates, in StateCache state, in StateBatch batch, in DeltaRule rule)
    {
        int values = rule.ValueHeads * rule.ValueSize;
        Check.F32(output, nameof(output), rows.Shape.Rows, values);
        Check.F32(rows, nameof(rows), rows.Shape.Rows, rule.Channels + values);
        Check.F32(gates, nameof(gates), rows.Shape.Rows, 2L * rule.ValueHeads);
        if (4L * ((2 * rule.KeySize) + (2 * (rule.ValueSize + 16))) > ComputePool.ScratchBytes) throw new QuireException(ErrorKind.NotSupported, $"heads of {rule.KeySize} and {rule.ValueSize} are too large for the CPU kernels");
        kernels.GatedDelta(pool, output, rows, gates, state, batch, rule);
    }

    public void MultiplySigmoid(Tensor values, Tensor gates)
    {
        Check.F32(gates, nameof(gates), values.Shape.Rows, values.Shape.Columns);
        kernels.MultiplySigmoid(pool, values, gates);
    }

    public void Xielu(Tensor values, in XieluParameters parameters)
    {
        Check.F32(values, nameof(values), values.Shape.Rows, values.Shape.Columns);
        kernels.Xielu(pool, values, parameters);
    }

    public void GatherRows(Tensor output, Tensor input, Tensor rows)
    {
        Check.F32(output, nameof(output), rows.Shape.Count, input.Shape.Columns);
        ReadOnlySpan<int> indices = rows.AsSpan<int>();
        for (int i = 0; i < indices.Length; i++) input.Slice(indices[i], 1).AsSpan<float>().CopyTo(output.Slice(i, 1).AsSpan<float>());
    }

    public unsafe void PoolRows(Tensor output, Tensor input, Tensor starts, RowPooling pooling)
    {
        Check.F32(output, nameof(output), starts.Shape.Count - 1, input.Shape.Columns);
        var job = new PoolRowsJob((float*)output.Address, (float*)input.Address, (int*)starts.Address, (int)output.Shape.Rows, (int)input.Shape.Columns, pooling);
        pool.Run(ref job, job.Items);
    }

    public void Sample(Tensor logits, ReadOnlyMemory<SamplingRow> rows, ReadOnlyMemory<SampledToken> tokens)
    {
        Check.F32(logits, nameof(logits), rows.Length, logits.Shape.Columns);
        if (tokens.Length < rows.Length) throw new ArgumentException($"{rows.Length} rows need as many results, not {tokens.Length}");
        kernels.Sample(pool, logits, rows, tokens);
    }

    public void Readback()
    {
        // Operations have ended when they return.
    }

    /// <summary>The pool belongs to the caller, buffers and prepared weights to theirs.</summary>
    public void Dispose()
    {
        scratch.Dispose();
        products.Dispose();
        expertLayer?.Dispose();
    }
}
