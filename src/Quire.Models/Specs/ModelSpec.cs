using Quire.Tensors;

namespace Quire.Models;

/// <summary>What a model is, without a weight read: memory plan, shards, KV groups and LoRA targets follow from it alone.</summary>
public sealed record ModelSpec
{
    /// <summary>Elements of a token's hidden row.</summary>
    public required int HiddenSize { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Longest context that the checkpoint was made for, scaling included.</summary>
    public required int MaxPositions { get; init; }

    public required IReadOnlyList<LayerSpec> Layers { get; init; }

    /// <summary>Norm of the stream before the head; null for none.</summary>
    public required NormSpec? FinalNorm { get; init; }

    /// <summary>Elements of a stored row of embedding and head, which matrices of the checkpoint turn into hidden rows and back; 0 where they are hidden rows.</summary>
    public int EmbeddingSize { get; init; }

    /// <summary>Embedding and head are one matrix.</summary>
    public bool TiedEmbedding { get; init; }

    /// <summary>The head adds a bias.</summary>
    public bool HeadBias { get; init; }

    /// <summary>Multiplies embedded rows.</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>Learned rows that are added to embedded ones; null for none.</summary>
    public PositionSpec? Positions { get; init; }

    /// <summary>Kinds of tokens that have a learned row each, which is added to embedded ones; 0 for none.</summary>
    public int TokenTypes { get; init; }

    /// <summary>Norm of the embedded rows.</summary>
    public NormSpec? EmbeddingNorm { get; init; }

    /// <summary>Multiplies logits.</summary>
    public float LogitScale { get; init; } = 1;

    /// <summary>Scaled logits become cap * tanh(logit / cap); 0 caps nothing.</summary>
    public float LogitCap { get; init; }

    /// <summary>What becomes of a sequence's rows where a sequence gives one row and no tokens; null for models that generate.</summary>
    public PoolerSpec? Pooler { get; init; }

    /// <summary>Rows see those behind them: a sequence is computed whole, and nothing of it is kept.</summary>
    public bool IsEncoder => Layers[0].Attention is { IsBidirectional: true };

    /// <summary>This spec with every layer changed.</summary>
    public ModelSpec WithLayers(Func<LayerSpec, LayerSpec> change) => this with { Layers = [.. Layers.Select(change)] };

    /// <summary>This spec with every layer's attention changed.</summary>
    public ModelSpec WithAttention(Func<AttentionSpec, AttentionSpec> change) =>
        WithAttention((_, attention) => change(attention));

    /// <summary>This spec with every layer's attention changed, by layer index.</summary>
    public ModelSpec WithAttention(Func<int, AttentionSpec, AttentionSpec> change) =>
        this with { Layers = [.. Layers.Select((layer, index) => layer.Attention is { } own ? layer with { Attention = change(index, own) } : layer)] };
}

/// <summary>A table of positions.</summary>
/// <param name="Count">Positions that it has.</param>
/// <param name="Offset">Row of position 0.</param>
public sealed record PositionSpec(int Count, int Offset = 0);

/// <summary>One layer: norm, attention, residual sum, norm, feed-forward, residual sum.</summary>
/// <param name="AttentionNorm">Norm of attention's input; null feeds it the residual stream itself.</param>
/// <param name="Attention">Null where <see cref="Recurrent"/> stands in its place.</param>
/// <param name="MlpNorm">The same for the feed-forward; where branches are parallel, null feeds it what attention got.</param>
public sealed record LayerSpec(NormSpec? AttentionNorm, AttentionSpec? Attention, NormSpec? MlpNorm, MlpSpec Mlp)
{
    /// <summary>A recurrence in attention's place.</summary>
    public RecurrentSpec? Recurrent { get; init; }

    /// <summary>Norm of attention's output before it joins the residual stream.</summary>
    public NormSpec? PostAttentionNorm { get; init; }

    /// <summary>The same for the feed-forward.</summary>
    public NormSpec? PostMlpNorm { get; init; }

    /// <summary>Attention and feed-forward both read the stream as it enters the layer; such layers have no norm of their outputs and no residual scale.</summary>
    public bool IsParallel { get; init; }

    /// <summary>Both norms are of the stream after their branch has joined it, not of the branch's input.</summary>
    public bool NormsAfterSum { get; init; }

    /// <summary>Multiplies both outputs as they join the residual stream.</summary>
    public float ResidualScale { get; init; } = 1;

    /// <summary>Experts instead of a feed-forward; <see cref="Mlp"/> is then the one that all tokens share, of size 0 where there is none.</summary>
    public MoeSpec? Moe { get; init; }
}

/// <summary>A mixture of gated feed-forwards.</summary>
public sealed record MoeSpec
{
    public required int Experts { get; init; }

    public required int IntermediateSize { get; init; }

    public required RouterRule Router { get; init; }

    public Activation Activation { get; init; } = Activation.Silu;

    /// <summary>Of <see cref="Activation.ClampedSwiglu"/>.</summary>
    public float Limit { get; init; }

    public bool RouterBias { get; init; }

    /// <summary>A vector is added to scores when experts are chosen.</summary>
    public bool HasCorrection { get; init; }

    /// <summary>Experts' products have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>The shared feed-forward's output is multiplied by the sigmoid of a product of its own.</summary>
    public bool GatesShared { get; init; }

    public ExpertStorage Storage { get; init; }
}

/// <summary>How a checkpoint stores experts.</summary>
public enum ExpertStorage
{
    /// <summary>Matrices of each, <c>{expert}</c> in their names.</summary>
    Single,

    /// <summary>One tensor for all: [experts, outputs, inputs], gate before up.</summary>
    Stacked,

    /// <summary>One tensor for all: [experts, inputs, outputs], gate before up.</summary>
    StackedTransposed,

    /// <summary>gpt-oss: as <see cref="StackedTransposed"/> with gate and up in turn; or MXFP4 blocks of [experts, outputs, inputs], in turn too.</summary>
    GptOss,
}

/// <summary>A norm.</summary>
/// <param name="WeightOffset">Added to the stored weight.</param>
public sealed record NormSpec(float Epsilon, float WeightOffset = 0)
{
    public NormKind Kind { get; init; }

    /// <summary>False multiplies by one.</summary>
    public bool HasWeight { get; init; } = true;

    /// <summary>Layer norms only.</summary>
    public bool HasBias { get; init; }
}

/// <summary>Attention with grouped key / value heads.</summary>
public sealed record AttentionSpec
{
    public required int Heads { get; init; }

    /// <summary>Divides <see cref="Heads"/>; query head h reads KV head h / (Heads / KvHeads).</summary>
    public required int KvHeads { get; init; }

    public required int HeadSize { get; init; }

    /// <summary>Multiplies scores.</summary>
    public required float Scale { get; init; }

    /// <summary>Tokens that a row sees, itself included; 0 is all.</summary>
    public int Window { get; init; }

    /// <summary>The window does not slide: a row sees the tokens of its own chunk of <see cref="Window"/> positions.</summary>
    public bool IsChunked { get; init; }

    /// <summary>A row sees the tokens behind it too, through a window as many as before it.</summary>
    public bool IsBidirectional { get; init; }

    /// <summary>Queries are multiplied by 1 + Factor * ln(floor((position + 1) / Step) + 1); null for none.</summary>
    public QueryTemperature? Temperature { get; init; }

    /// <summary>Null rotates nothing.</summary>
    public RopeSpec? Rope { get; init; }

    /// <summary>Checkpoints order each query and key head so that neighbours rotate together.</summary>
    public bool InterleavedRotary { get; init; }

    /// <summary>Scaled scores become cap * tanh(score / cap); 0 caps nothing.</summary>
    public float ScoreCap { get; init; }

    /// <summary>Norm of each query head before rotation.</summary>
    public NormSpec? QueryNorm { get; init; }

    public NormSpec? KeyNorm { get; init; }

    /// <summary>Query and key norms go over all heads of a token together, with a weight for each element.</summary>
    public bool NormAllHeads { get; init; }

    /// <summary>Every head has its own weights of query and key norms.</summary>
    public bool NormEachHead { get; init; }

    /// <summary>Query and key norms come after rotation.</summary>
    public bool NormAfterRotation { get; init; }

    /// <summary>Query, key and value are clamped to plus and minus this before anything else; 0 clamps nothing.</summary>
    public float QkvClip { get; init; }

    /// <summary>Checkpoints store query, key and value as one matrix that has the queries, key and value of a key head behind each other; heads do not rotate by neighbours.</summary>
    public bool QkvByHead { get; init; }

    /// <summary>Biases of the query, key and value projections.</summary>
    public bool QkvBias { get; init; }

    /// <summary>By head: what is added to a score for each token that the key lies after the query, a negative distance (ALiBi); null for none.</summary>
    public AlibiSpec? Alibi { get; init; }

    /// <summary>Each query head has one more score, of a token without a value.</summary>
    public bool HasSinks { get; init; }

    /// <summary>Bias of the output projection.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Heads are multiplied by the sigmoids of a product that checkpoints store behind each query head.</summary>
    public bool GatesOutput { get; init; }

    /// <summary>Keys and values are made of latents: <see cref="HeadSize"/> is a latent's with the rotated part that all heads share, and there is one key head. Null for neither.</summary>
    public LatentSpec? Latent { get; init; }

    /// <summary>Elements of what the output projection reads.</summary>
    public int OutputInputs => Heads * (Latent?.ValueSize ?? HeadSize);

    /// <summary>What one layer of this kind keeps of a block.</summary>
    public KvLayout KvLayout(DType type) => new(KvHeads, HeadSize, type, LatentSize: Latent?.Size ?? 0);
}

/// <summary>Latents of multi-head latent attention.</summary>
/// <param name="QueryRank">Queries come from a normalised vector of this size; 0: from the hidden row.</param>
/// <param name="Size">Elements of a latent.</param>
/// <param name="PlainSize">Elements of a query head that do not rotate.</param>
/// <param name="RotatedSize">Those behind them that do.</param>
/// <param name="ValueSize">Elements of a head's value.</param>
/// <param name="Norm">Of latents and of the vectors that queries come from.</param>
public sealed record LatentSpec(int QueryRank, int Size, int PlainSize, int RotatedSize, int ValueSize, NormSpec Norm);

/// <summary>Llama 4's scaling of queries that rotate nothing.</summary>
public sealed record QueryTemperature(double Factor, double Step)
{
    /// <summary>By position.</summary>
    public float[] Table(int positions) => [.. Enumerable.Range(0, positions).Select(position => (float)(1 + (Factor * Math.Log(Math.Floor((position + 1) / Step) + 1))))];
}

/// <summary>Slopes of linear biases.</summary>
/// <param name="Maximum">The last head's slope is 2^-Maximum where their number is a power of two.</param>
/// <param name="Factor">Multiplies all slopes.</param>
/// <param name="TakesOddOnes">How other numbers of heads choose among the slopes of the next power of two: MPT takes those of odd places, then of even ones; else the
/// slopes of the power of two below come first, then every other one of twice as many.</param>
public sealed record AlibiSpec(double Maximum = 8, float Factor = 1, bool TakesOddOnes = false)
{
    /// <summary>By head.</summary>
    public float[] Slopes(int heads)
    {
        int below = 1;
        while (2 * below <= heads) below *= 2;
        if (below == heads) return [.. Powers(heads)];
        float[] next = [.. Powers(2 * below)];
        IEnumerable<float> odd = next.Where((_, i) => i % 2 == 1), even = next.Where((_, i) => i % 2 == 0);
        return [.. (TakesOddOnes ? odd.Concat(even) : Powers(below).Concat(even)).Take(heads)];

        IEnumerable<float> Powers(int count) => Enumerable.Range(1, count).Select(i => Factor * (float)Math.Pow(2, -i * Maximum / count));
    }
}

/// <summary>A feed-forward: down(activation(gate(x)) * up(x)), or down(activation(up(x))) without a gate.</summary>
public sealed record MlpSpec(int IntermediateSize, Activation Activation, bool Bias = false, bool IsGated = true)
{
    /// <summary>Of <see cref="Activation.Xielu"/>; null where they are among the weights.</summary>
    public XieluParameters? Xielu { get; init; }
}
