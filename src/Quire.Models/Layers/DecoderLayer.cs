using Quire.Tensors;

namespace Quire.Models;

/// <summary>Attention, or what stands in its place, and feed-forward with their norms, each added to the residual stream.</summary>
internal sealed class DecoderLayer
{
    private readonly NormWeight attentionNorm, postAttentionNorm, mlpNorm, postMlpNorm;
    private readonly ITokenMixer mixer;
    private readonly MlpLayer? mlp;
    private readonly MoeLayer? experts;
    private readonly float residualScale;
    private readonly bool isParallel, normsAfterSum;

    public DecoderLayer(WeightReader reader, int layer, int hidden, LayerSpec spec, Tensor rotary, LoraSites adapters, int positions)
    {
        attentionNorm = reader.Norm(WeightPart.AttentionNorm, layer, hidden, spec.AttentionNorm);
        mixer = spec switch
        {
            { Recurrent: { } recurrent } => new RecurrentLayer(reader, layer, hidden, recurrent),
            { Attention: { Latent: { } latent } own } => new LatentAttentionLayer(reader, layer, hidden, own, latent, rotary, adapters),
            { Attention: { } own } => new AttentionLayer(reader, layer, hidden, own, rotary, adapters, positions),
            _ => throw new ArgumentException($"layer {layer} has neither attention nor a recurrence"),
        };
        postAttentionNorm = reader.Norm(WeightPart.PostAttentionNorm, layer, hidden, spec.PostAttentionNorm);
        mlpNorm = reader.Norm(WeightPart.MlpNorm, layer, hidden, spec.MlpNorm);
        if (spec.Moe is { } moe) experts = new MoeLayer(reader, layer, hidden, moe, spec.Mlp, adapters);
        else mlp = new MlpLayer(reader, layer, hidden, spec.Mlp, adapters);
        postMlpNorm = reader.Norm(WeightPart.PostMlpNorm, layer, hidden, spec.PostMlpNorm);
        residualScale = spec.ResidualScale;
        isParallel = spec.IsParallel;
        normsAfterSum = spec.NormsAfterSum;
    }

    /// <param name="residual">The stream, updated.</param>
    /// <param name="hidden">Scratch of the same shape.</param>
    public void Forward(IDevice device, Workspace workspace, Tensor residual, Tensor hidden, in LayerMemory memory, Tensor adapterSlots)
    {
        if (isParallel)
        {
            ForwardParallel(device, workspace, residual, hidden, memory, adapterSlots);
            return;
        }
        if (normsAfterSum)
        {
            mixer.Forward(device, workspace, residual, residual, residual, memory, adapterSlots);
            device.Norm(residual, residual, attentionNorm);
            FeedForward(device, workspace, residual, residual, residual, adapterSlots);
            device.Norm(residual, residual, mlpNorm);
            return;
        }
        Tensor input = Normed(device, residual, hidden, attentionNorm);
        bool direct = IsDirect(postAttentionNorm);
        mixer.Forward(device, workspace, direct ? residual : hidden, input, direct ? residual : default, memory, adapterSlots);
        if (!direct) Join(device, residual, hidden, postAttentionNorm);

        input = Normed(device, residual, hidden, mlpNorm);
        direct = IsDirect(postMlpNorm);
        FeedForward(device, workspace, direct ? residual : hidden, input, direct ? residual : default, adapterSlots);
        if (!direct) Join(device, residual, hidden, postMlpNorm);
    }

    // The feed-forward's input is made before attention changes the stream.
    private void ForwardParallel(IDevice device, Workspace workspace, Tensor residual, Tensor hidden, in LayerMemory memory, Tensor adapterSlots)
    {
        device.Norm(hidden, residual, attentionNorm);
        Tensor mlpInput = hidden;
        if (!mlpNorm.Weight.IsEmpty)
        {
            mlpInput = workspace.SecondHidden(residual.Shape[0], (int)residual.Shape[1]);
            device.Norm(mlpInput, residual, mlpNorm);
        }
        mixer.Forward(device, workspace, residual, hidden, residual, memory, adapterSlots);
        FeedForward(device, workspace, residual, mlpInput, residual, adapterSlots);
    }

    private void FeedForward(IDevice device, Workspace workspace, Tensor output, Tensor input, Tensor residual, Tensor adapterSlots)
    {
        if (experts is not null) experts.Forward(device, workspace, output, input, residual, adapterSlots);
        else mlp!.Forward(device, workspace, output, input, residual, adapterSlots);
    }

    // The last product adds to the stream itself where nothing comes between.
    private bool IsDirect(in NormWeight post) => post.Weight.IsEmpty && residualScale == 1;

    private static Tensor Normed(IDevice device, Tensor residual, Tensor hidden, in NormWeight norm)
    {
        if (norm.Weight.IsEmpty) return residual;
        device.Norm(hidden, residual, norm);
        return hidden;
    }

    private void Join(IDevice device, Tensor residual, Tensor branch, in NormWeight post)
    {
        if (!post.Weight.IsEmpty) device.Norm(branch, branch, post);
        device.Add(residual, branch, residualScale);
    }
}
