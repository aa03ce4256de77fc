using Quire.Formats;

namespace Quire.Models;

/// <summary>The weights that a spec can have. Those of a layer exist once per layer.</summary>
public enum WeightPart
{
    Embedding,
    FinalNorm,
    Head,
    HeadBias,
    AttentionNorm,
    Query,
    QueryBias,
    Key,
    KeyBias,
    Value,
    ValueBias,
    QueryNorm,
    KeyNorm,

    /// <summary>Makes the vector that queries come from.</summary>
    QueryDown,
    QueryDownNorm,

    /// <summary>Makes latents and the rotated part of keys.</summary>
    LatentDown,
    LatentNorm,

    /// <summary>Makes each head's key and value of a latent.</summary>
    LatentUp,

    /// <summary>The same in two: [heads, latent, plain size of a key].</summary>
    LatentKeys,

    /// <summary>[heads, value size, latent]</summary>
    LatentValues,
    Output,
    OutputBias,
    PostAttentionNorm,
    MlpNorm,
    Gate,
    GateBias,
    Up,
    UpBias,
    Down,
    DownBias,
    PostMlpNorm,
    Router,
    RouterBias,
    RouterCorrection,
    ExpertGate,
    ExpertUp,
    ExpertDown,

    /// <summary>[experts, gate then up, hidden], where a file has both products as one.</summary>
    ExpertGateUp,
    ExpertGateBias,
    ExpertUpBias,
    ExpertDownBias,
    SharedGate,
    SharedUp,
    SharedDown,

    /// <summary>[1, hidden]: gates the shared feed-forward.</summary>
    SharedScale,
    Sinks,
    Positions,
    EmbeddingNorm,

    /// <summary>[hidden, embedding size]</summary>
    ProjectIn,

    /// <summary>[embedding size, hidden]</summary>
    ProjectOut,
    XieluPositive,
    XieluNegative,
    XieluBeta,
    XieluEpsilon,

    /// <summary>What a recurrence reads: rows of all it needs but the gates of its rule.</summary>
    RecurrentIn,

    /// <summary>The same in two: queries, keys and values, each of all heads.</summary>
    RecurrentQkv,

    /// <summary>What the gates of the output are made by.</summary>
    RecurrentGate,
    RecurrentOut,

    /// <summary>[channels, 1, kernel]</summary>
    Convolution,

    /// <summary>By key head: beta, then a of the decay, of its value heads.</summary>
    DeltaGates,

    /// <summary>Logarithms of the decay's rates.</summary>
    DeltaDecay,
    DeltaBias,
    DeltaNorm,
    TokenTypes,

    /// <summary>[hidden, hidden]</summary>
    PoolerDense,
    PoolerDenseBias,
    PoolerNorm,

    /// <summary>[labels, hidden]</summary>
    Labels,
    LabelBias,
}

/// <summary>A checkpoint's names for the parts of a spec; <c>{layer}</c> stands for the layer index, <c>{expert}</c> for the expert's.</summary>
public sealed class WeightMap
{
    private const string FusedQkv = "blk.{layer}.attn_qkv.weight";

    // Some files of a family have names under one of these, others have not.
    private static readonly string[] Prefixes = ["transformer.", "model.", "bert.", "roberta."];
    private readonly Dictionary<WeightPart, string> names = [];

    /// <summary>Matrices of layers are stored [inputs, outputs].</summary>
    public bool IsTransposed { get; init; }

    /// <summary>GGUF's names.</summary>
    public static WeightMap Gguf() => new WeightMap()
        .Map("token_embd.weight", WeightPart.Embedding)
        .Map("token_embd_norm.weight", WeightPart.EmbeddingNorm)
        .Map("position_embd.weight", WeightPart.Positions)
        .Map("output_norm.weight", WeightPart.FinalNorm)
        .Map("output.weight", WeightPart.Head)
        .Map("output.bias", WeightPart.HeadBias)
        .Map("token_types.weight", WeightPart.TokenTypes)
        .Map("cls.weight", WeightPart.PoolerDense)
        .Map("cls.bias", WeightPart.PoolerDenseBias)
        .Map("cls.norm.weight", WeightPart.PoolerNorm)
        .Map("cls.output.weight", WeightPart.Labels)
        .Map("cls.output.bias", WeightPart.LabelBias)
        .Map("blk.{layer}.attn_norm.weight", WeightPart.AttentionNorm)
        .Map("blk.{layer}.attn_q.weight", WeightPart.Query)
        .Map("blk.{layer}.attn_q.bias", WeightPart.QueryBias)
        .Map("blk.{layer}.attn_k.weight", WeightPart.Key)
        .Map("blk.{layer}.attn_k.bias", WeightPart.KeyBias)
        .Map("blk.{layer}.attn_v.weight", WeightPart.Value)
        .Map("blk.{layer}.attn_v.bias", WeightPart.ValueBias)
        .Map("blk.{layer}.attn_q_norm.weight", WeightPart.QueryNorm)
        .Map("blk.{layer}.attn_k_norm.weight", WeightPart.KeyNorm)
        .Map("blk.{layer}.attn_sinks.weight", WeightPart.Sinks)
        .Map("blk.{layer}.attn_output.weight", WeightPart.Output)
        .Map("blk.{layer}.attn_output.bias", WeightPart.OutputBias)
        .Map("blk.{layer}.post_attention_norm.weight", WeightPart.PostAttentionNorm)
        .Map("blk.{layer}.ffn_norm.weight", WeightPart.MlpNorm)
        .Map("blk.{layer}.ffn_gate.weight", WeightPart.Gate)
        .Map("blk.{layer}.ffn_gate.bias", WeightPart.GateBias)
        .Map("blk.{layer}.ffn_up.weight", WeightPart.Up)
        .Map("blk.{layer}.ffn_up.bias", WeightPart.UpBias)
        .Map("blk.{layer}.ffn_down.weight", WeightPart.Down)
        .Map("blk.{layer}.ffn_down.bias", WeightPart.DownBias)
        .Map("blk.{layer}.ffn_gate_inp.weight", WeightPart.Router)
        .Map("blk.{layer}.ffn_gate_inp.bias", WeightPart.RouterBias)
        .Map("blk.{layer}.exp_probs_b.bias", WeightPart.RouterCorrection)
        .Map("blk.{layer}.ffn_gate_exps.weight", WeightPart.ExpertGate)
        .Map("blk.{layer}.ffn_gate_exps.bias", WeightPart.ExpertGateBias)
        .Map("blk.{layer}.ffn_up_exps.weight", WeightPart.ExpertUp)
        .Map("blk.{layer}.ffn_up_exps.bias", WeightPart.ExpertUpBias)
        .Map("blk.{layer}.ffn_gate_up_exps.weight", WeightPart.ExpertGateUp)
        .Map("blk.{layer}.ffn_down_exps.weight", WeightPart.ExpertDown)
        .Map("blk.{layer}.ffn_down_exps.bias", WeightPart.ExpertDownBias)
        .Map("blk.{layer}.ffn_gate_shexp.weight", WeightPart.SharedGate)
        .Map("blk.{layer}.ffn_up_shexp.weight", WeightPart.SharedUp)
        .Map("blk.{layer}.ffn_down_shexp.weight", WeightPart.SharedDown)
        .Map("blk.{layer}.ffn_gate_inp_shexp.weight", WeightPart.SharedScale)
        .Map("blk.{layer}.post_ffw_norm.weight", WeightPart.PostMlpNorm);

    /// <summary>GGUF's names where query, key and value are one matrix.</summary>
    public static WeightMap GgufFused() => Gguf().MapFused();

    /// <summary>GGUF's names where the norm before the feed-forward is called one after attention.</summary>
    public static WeightMap GgufPostNorm() => Gguf().Map("blk.{layer}.post_attention_norm.weight", WeightPart.MlpNorm);

    /// <summary>GGUF's names where gate and up are one matrix.</summary>
    public static WeightMap GgufGatedUp() => Gguf().Map("blk.{layer}.ffn_up.weight", WeightPart.Gate, WeightPart.Up);

    /// <summary>This map of GGUF's names, or it with query, key and value as one matrix, which any converter may make of them.</summary>
    public WeightMap FittingGguf(Checkpoint file) => !Has(WeightPart.RecurrentQkv) && file.HasInSomeLayer(FusedQkv) ? MapFused() : this;

    private WeightMap MapFused() => this
        .Map(FusedQkv, WeightPart.Query, WeightPart.Key, WeightPart.Value)
        .Map("blk.{layer}.attn_qkv.bias", WeightPart.QueryBias, WeightPart.KeyBias, WeightPart.ValueBias);

    /// <summary>Adds or replaces a name. One name for several parts is one stored matrix, their rows behind each other.</summary>
    public WeightMap Map(string name, params ReadOnlySpan<WeightPart> parts)
    {
        foreach (WeightPart part in parts) names[part] = name;
        return this;
    }

    /// <summary>Puts <paramref name="prefix"/> before every name.</summary>
    public WeightMap Prefixed(string prefix)
    {
        foreach ((WeightPart part, string name) in names.ToArray()) names[part] = prefix + name;
        return this;
    }

    /// <summary>This map, or it with a prefix more or less, whichever names the checkpoint's embedding.</summary>
    public WeightMap Fitting(Func<string, bool> exists)
    {
        string embedding = Name(WeightPart.Embedding);
        if (exists(embedding)) return this;
        foreach (string prefix in Prefixes)
        {
            if (exists(prefix + embedding)) return Renamed(name => prefix + name);
            if (embedding.StartsWith(prefix, StringComparison.Ordinal) && exists(embedding[prefix.Length..]))
                return Renamed(name => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name);
        }
        return this;
    }

    private WeightMap Renamed(Func<string, string> rename)
    {
        var renamed = new WeightMap { IsTransposed = IsTransposed };
        foreach ((WeightPart part, string name) in names) renamed.names[part] = part is WeightPart.Head or WeightPart.HeadBias or WeightPart.Labels or WeightPart.LabelBias ? name : rename(name);
        return renamed;
    }

    /// <summary>The name of a norm's bias, which stands beside its weight in every checkpoint.</summary>
    public string BiasName(WeightPart norm, int layer = 0) => Name(norm, layer).Replace(".weight", ".bias", StringComparison.Ordinal);

    /// <summary>True where the map names the part.</summary>
    public bool Has(WeightPart part) => names.ContainsKey(part);

    /// <summary>The name with <c>{layer}</c> and <c>{expert}</c> in the numbers' places.</summary>
    /// <exception cref="KeyNotFoundException">The family's map has no such part: an error of the family, not of the checkpoint.</exception>
    public string Pattern(WeightPart part) => names.TryGetValue(part, out string? name) ? name : throw new KeyNotFoundException($"the weight map has no {part}");

    /// <summary>A layer's name for the part.</summary>
    /// <exception cref="KeyNotFoundException">As for <see cref="Pattern"/>.</exception>
    public string Name(WeightPart part, int layer = 0, int expert = 0) => Pattern(part)
        .Replace("{layer}", layer.ToString(), StringComparison.Ordinal).Replace("{expert}", expert.ToString(), StringComparison.Ordinal);
}
