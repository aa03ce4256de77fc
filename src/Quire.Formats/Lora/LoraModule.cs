using Quire.Tensors;

namespace Quire.Formats;

/// <summary>What an adapter does to one module of its base.</summary>
/// <param name="Name">As the base's checkpoint names the module: <c>model.layers.0.self_attn.q_proj</c>.</param>
public sealed record LoraModule(string Name)
{
    /// <summary>[rank, inputs]; of an embedding [rank, vocabulary]. Null where only the bias changes.</summary>
    public CheckpointTensor? A { get; init; }

    /// <summary>[outputs, rank]</summary>
    public CheckpointTensor? B { get; init; }

    /// <summary>alpha / rank, or alpha / sqrt(rank): y += Scale * B (A x).</summary>
    public float Scale { get; init; }

    /// <summary>DoRA's lengths of the rows of the changed matrix, [outputs]; null without.</summary>
    public float[]? Magnitude { get; init; }

    /// <summary>A bias instead of the base's, [outputs]; null keeps it.</summary>
    public float[]? Bias { get; init; }

    /// <summary>A is looked up by token id.</summary>
    public bool IsEmbedding { get; init; }

    public int Rank => (int)(A?.Shape[0] ?? 0);
}
