using Quire.Tensors;

namespace Quire.Models;

/// <summary>Activations of one forward pass, allocated once for the largest step and carved by its number of tokens.</summary>
public sealed class Workspace : IDisposable
{
    private readonly DeviceBuffer residual, hidden, secondHidden, qkv, query, attention, gateUp, gated, routerLogits, sharedGates, gates;

    /// <param name="maxTokens">Largest number of tokens in a step.</param>
    public Workspace(IDevice device, ModelSpec model, int maxTokens)
    {
        Widths widths = new(model);
        residual = device.Allocate(4L * maxTokens * widths.Hidden);
        hidden = device.Allocate(4L * maxTokens * widths.Hidden);
        secondHidden = device.Allocate(4L * maxTokens * widths.SecondHidden);
        qkv = device.Allocate(4L * maxTokens * widths.Qkv);
        query = device.Allocate(4L * maxTokens * widths.Query);
        attention = device.Allocate(4L * maxTokens * widths.Attention);
        gateUp = device.Allocate(8L * maxTokens * widths.Intermediate);
        gated = device.Allocate(4L * maxTokens * widths.Intermediate);
        routerLogits = device.Allocate(4L * maxTokens * widths.Experts);
        sharedGates = device.Allocate(4L * maxTokens);
        gates = device.Allocate(4L * maxTokens * widths.Gates);
    }

    /// <summary>Bytes of a workspace for steps of <paramref name="maxTokens"/> tokens.</summary>
    public static long Bytes(ModelSpec model, int maxTokens)
    {
        Widths widths = new(model);
        return 4L * maxTokens * ((2 * widths.Hidden) + widths.SecondHidden + widths.Qkv + widths.Query + widths.Attention + (3 * widths.Intermediate) + widths.Experts + widths.Gates + 1);
    }

    /// <summary>The residual stream, [tokens, hidden].</summary>
    public Tensor Residual(long tokens, int columns) => residual.Tensor(DType.F32, new Shape(tokens, columns));

    /// <summary>Normalised rows, [tokens, hidden].</summary>
    public Tensor Hidden(long tokens, int columns) => hidden.Tensor(DType.F32, new Shape(tokens, columns));

    /// <summary>The feed-forward's normalised rows where attention's are not its input and both are needed at once.</summary>
    public Tensor SecondHidden(long tokens, int columns) => secondHidden.Tensor(DType.F32, new Shape(tokens, columns));

    public Tensor Qkv(long tokens, int columns) => qkv.Tensor(DType.F32, new Shape(tokens, columns));

    public Tensor Query(long tokens, int heads, int size) => query.Tensor(DType.F32, new Shape(tokens, heads, size));

    public Tensor Attention(long tokens, int heads, int size) => attention.Tensor(DType.F32, new Shape(tokens, heads, size));

    /// <summary>The same memory before attention's output needs it.</summary>
    public Tensor AttentionRows(long tokens, int columns) => attention.Tensor(DType.F32, new Shape(tokens, columns));

    /// <summary>Gates of attention's output, or of a recurrence.</summary>
    public Tensor Gates(long tokens, int columns) => gates.Tensor(DType.F32, new Shape(tokens, columns));

    public Tensor GateUp(long tokens, int columns) => gateUp.Tensor(DType.F32, new Shape(tokens, columns));

    public Tensor Gated(long tokens, int columns) => gated.Tensor(DType.F32, new Shape(tokens, columns));

    /// <summary>[tokens, experts]</summary>
    public Tensor RouterLogits(long tokens, int experts) => routerLogits.Tensor(DType.F32, new Shape(tokens, experts));

    /// <summary>[tokens, 1]</summary>
    public Tensor SharedGates(long tokens) => sharedGates.Tensor(DType.F32, new Shape(tokens, 1));

    public void Dispose()
    {
        foreach (DeviceBuffer buffer in (DeviceBuffer[])[residual, hidden, secondHidden, qkv, query, attention, gateUp, gated, routerLogits, sharedGates, gates]) buffer.Dispose();
    }

    private readonly struct Widths(ModelSpec model)
    {
        public long Hidden { get; } = model.HiddenSize;

        public long SecondHidden { get; } = model.Layers.Any(l => l is { IsParallel: true, MlpNorm: not null } or { Moe: not null, Mlp.IntermediateSize: > 0 }) ? model.HiddenSize : 0;

        public long Experts { get; } = model.Layers.Max(l => (long)(l.Moe?.Experts ?? 0));

        public long Query { get; } = model.Layers.Max(l => l.Attention is { } own ? (long)own.Heads * own.HeadSize : 0);

        public long Attention { get; } = model.Layers.Max(l => l.Attention is { } own ? Math.Max((long)own.Heads * own.HeadSize, own.Latent?.QueryRank ?? 0) : l.Recurrent!.OutputSize);

        public long Qkv { get; } = model.Layers.Max(l => l.Attention switch
        {
            null => l.Recurrent!.RowSize,
            { Latent: { } latent } own => (long)own.Heads * Math.Max(latent.PlainSize + latent.RotatedSize, latent.ValueSize),
            AttentionSpec own => (long)(own.Heads + (2 * own.KvHeads)) * own.HeadSize,
        });

        public long Gates { get; } = model.Layers.Max(l => l.Attention is { GatesOutput: true } own ? (long)own.Heads * own.HeadSize : 2L * (l.Recurrent?.Delta?.ValueHeads ?? 0));

        public long Intermediate { get; } = model.Layers.Max(l => (long)l.Mlp.IntermediateSize);
    }
}
