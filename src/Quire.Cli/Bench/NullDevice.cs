using Quire.Tensors;

namespace Quire.Cli;

/// <summary>A device that computes nothing and chooses the same token always: what is left of a step is the host's work.</summary>
internal sealed class NullDevice : IDevice
{
    private const int Token = 7;

    public string Name => "null";

    public DeviceBuffer Allocate(long bytes) => new NativeBuffer(bytes);

    public long ScratchBytes(StepDemand demand) => 0;

    public long HeldScratchBytes => 0;

    public void Write<T>(Tensor destination, ReadOnlySpan<T> source) where T : unmanaged => source.CopyTo(destination.AsSpan<T>());

    public PreparedLinear Prepare(params ReadOnlySpan<IWeightRows> parts)
    {
        long outputs = 0;
        foreach (IWeightRows part in parts) outputs += part.Shape[0];
        return new NullLinear(outputs, parts[0].Shape[1]);
    }

    public PreparedHeads PrepareHeads(IReadOnlyList<IWeightRows> heads) => throw Unsupported();

    public PreparedLora PrepareLora(IReadOnlyList<LoraPart> parts, ReadOnlySpan<float> bias) => throw Unsupported();

    public LoraSlots CreateLoraSlots() => new NoSlots();

    public PreparedLora PrepareTableLora(IWeightRows table, LoraPart part) => throw Unsupported();

    public void Embed(Tensor output, Tensor ids, PreparedLinear table, float scale)
    {
    }

    public void Norm(Tensor output, Tensor input, in NormWeight norm)
    {
    }

    public void Add(Tensor output, Tensor input, float scale)
    {
    }

    public void ScaleAndCap(Tensor values, float scale, float cap)
    {
    }

    public void Linear(Tensor output, Tensor input, PreparedLinear weight, in LinearEpilogue epilogue)
    {
    }

    public void Lora(Tensor output, Tensor input, LoraSlots adapters, Tensor slots)
    {
    }

    public void SplitHeads(Tensor query, Tensor qkv, in KvCache cache, in AttentionBatch batch, in HeadRule rule, in LoraUpdate update = default)
    {
    }

    public void HeadLinear(Tensor output, Tensor input, PreparedHeads heads)
    {
    }

    public void SplitLatent(Tensor query, Tensor rows, Tensor latents, in KvCache cache, in AttentionBatch batch, in LatentRule rule)
    {
    }

    public void Attention(Tensor output, Tensor query, in KvCache cache, in AttentionBatch batch, in AttentionRule rule)
    {
    }

    public void CausalConv(Tensor output, Tensor rows, Tensor weight, in StateCache state, in StateBatch batch, bool isGated)
    {
    }

    public void GatedDelta(Tensor output, Tensor rows, Tensor gates, in StateCache state, in StateBatch batch, in DeltaRule rule)
    {
    }

    public void MultiplySigmoid(Tensor values, Tensor gates)
    {
    }

    public void GatedLinear(Tensor output, Tensor gateUp, Tensor input, PreparedLinear weight, Tensor bias, Activation activation)
    {
    }

    public void GatedActivation(Tensor output, Tensor gateUp, Activation activation, float limit = 0, in LoraUpdate update = default)
    {
    }

    public void Experts(Tensor output, Tensor input, Tensor logits, ExpertWeights layer, in RouterRule rule, Activation activation, float limit, Tensor residual)
    {
    }

    public void AddGated(Tensor output, Tensor input, Tensor gates)
    {
    }

    public void Activate(Tensor values, Activation activation)
    {
    }

    public void Xielu(Tensor values, in XieluParameters parameters)
    {
    }

    public void GatherRows(Tensor output, Tensor input, Tensor rows)
    {
    }

    public void PoolRows(Tensor output, Tensor input, Tensor starts, RowPooling pooling)
    {
    }

    public void Sample(Tensor logits, ReadOnlyMemory<SamplingRow> rows, ReadOnlyMemory<SampledToken> tokens)
    {
        foreach (SampledToken token in tokens.Span) (token.Id, token.IsInvalid) = (Token, false);
    }

    public void Readback()
    {
    }

    public void Dispose()
    {
    }

    private static NotSupportedException Unsupported() => new("the null device has dense layers alone");

    private sealed class NullLinear(long outputs, long inputs) : PreparedLinear(outputs, inputs)
    {
        public override long ByteCount => 0;

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class NoSlots : LoraSlots
    {
        public override bool IsEmpty => true;

        public override void Set(int slot, PreparedLora? update)
        {
        }
    }
}
