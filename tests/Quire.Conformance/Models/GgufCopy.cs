using System.Runtime.InteropServices;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>A Hugging Face checkpoint as a GGUF file of float32, after llama.cpp's <c>conversion/</c>: its keys, its names, its orders of rows.</summary>
internal sealed class GgufCopy
{
    /// <summary>GGUF's architecture of a transformers class.</summary>
    public static readonly IReadOnlyDictionary<string, string> Architectures = new Dictionary<string, string>
    {
        ["LlamaForCausalLM"] = "llama",
        ["MistralForCausalLM"] = "llama",
        ["MixtralForCausalLM"] = "llama",
        ["Qwen2ForCausalLM"] = "qwen2",
        ["Qwen2MoeForCausalLM"] = "qwen2moe",
        ["Qwen3ForCausalLM"] = "qwen3",
        ["Qwen3MoeForCausalLM"] = "qwen3moe",
        ["GemmaForCausalLM"] = "gemma",
        ["Gemma2ForCausalLM"] = "gemma2",
        ["Gemma3ForCausalLM"] = "gemma3",
        ["Phi3ForCausalLM"] = "phi3",
        ["GraniteForCausalLM"] = "granite",
        ["OlmoForCausalLM"] = "olmo",
        ["Olmo2ForCausalLM"] = "olmo2",
        ["CohereForCausalLM"] = "command-r",
        ["Cohere2ForCausalLM"] = "cohere2",
        ["Starcoder2ForCausalLM"] = "starcoder2",
        ["StableLmForCausalLM"] = "stablelm",
        ["GPTNeoXForCausalLM"] = "gptneox",
        ["GPT2LMHeadModel"] = "gpt2",
        ["GPTBigCodeForCausalLM"] = "starcoder",
        ["BloomForCausalLM"] = "bloom",
        ["FalconForCausalLM"] = "falcon",
        ["MPTForCausalLM"] = "mpt",
    };

    // llama.cpp's converter permutes these families' rotated rows, and stores Gemma's norms with their one.
    private static readonly string[] Permuted = ["llama", "granite", "olmo"], WithOne = ["gemma", "gemma2", "gemma3"];

    private readonly Checkpoint origin;
    private readonly ModelSpec spec;
    private readonly string architecture;
    private readonly TinyGguf file;
    private readonly WeightMap from, to;
    private readonly HashSet<string> written = [];

    public GgufCopy(Checkpoint origin)
    {
        this.origin = origin;
        IModelFamily family = ModelFamilies.Of(origin.Config);
        spec = family.Describe(origin.Config);
        architecture = Architectures[origin.Config.Architectures[0]];
        from = family.Weights(spec).Fitting(name => origin.TryGet(name, out _));
        to = family.GgufWeights(spec);
        file = new TinyGguf(architecture);
    }

    /// <summary>Why a checkpoint has no copy: its configuration says what GGUF files cannot, or what is not copied here; null where it has one.</summary>
    public static string? Refusal(ModelConfig config)
    {
        if (config.OptionalDouble("query_pre_attn_scalar") is { } scalar && scalar != config.OptionalInt("head_dim")) return "GGUF has no key for query_pre_attn_scalar";
        if (config.OptionalBool("use_sliding_window") == true) return "GGUF's Qwen 2 has no window";
        if (config.OptionalInts("mlp_only_layers") is { Count: > 0 }) return "GGUF has no key for mlp_only_layers";
        ModelSpec spec = ModelFamilies.Of(config).Describe(config);
        if (config.Rope.Type is not (null or "default" or "linear")) return $"rope of type {config.Rope.Type} is not copied";
        if (spec.Layers.Any(layer => layer.Moe is { Storage: not ExpertStorage.Single })) return "stacked experts are not copied";
        if (config.Architectures[0] == "FalconForCausalLM" && spec.Layers[0].Attention!.Alibi is not null) return "GGUF's Falcon has no linear biases";
        return null;
    }

    public byte[] Build()
    {
        WriteKeys();
        foreach (WeightPart part in Enum.GetValues<WeightPart>())
        {
            if (!from.Has(part) || !to.Has(part)) continue;
            for (int layer = 0; layer < (from.Name(part, 1) == from.Name(part) ? 1 : spec.Layers.Count); layer++) Copy(part, layer);
        }
        return file.Build();
    }

    private void WriteKeys()
    {
        LayerSpec layer = spec.Layers[0];
        AttentionSpec attention = layer.Attention!;
        Count("block_count", spec.Layers.Count);
        Count("context_length", spec.MaxPositions);
        Count("embedding_length", spec.HiddenSize);
        Count("feed_forward_length", origin.Config.OptionalInt("intermediate_size") ?? layer.Mlp.IntermediateSize);
        Count("attention.head_count", attention.Heads);
        Count("attention.head_count_kv", attention.KvHeads);
        if (origin.Config.Has("head_dim")) Count("attention.key_length", attention.HeadSize);
        Number(spec.FinalNorm!.Kind == NormKind.Layer ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", spec.FinalNorm.Epsilon);
        if (spec.Layers.FirstOrDefault(l => l.Attention!.Window > 0) is { } local) Count("attention.sliding_window", local.Attention!.Window);
        if (attention.QkvClip > 0) Number("attention.clamp_kqv", attention.QkvClip);
        if (architecture == "mpt") Number("attention.max_alibi_bias", (float)attention.Alibi!.Maximum);
        if (spec.Layers.Any(l => l.Attention!.Rope is not null))
        {
            RopeSpec used = spec.Layers.Select(l => l.Attention!.Rope).OfType<RopeSpec>().Last();
            Number("rope.freq_base", (float)(origin.Config.Rope.Theta ?? used.Theta));
            if (used.RotatedSize != attention.HeadSize) Count("rope.dimension_count", used.RotatedSize);
        }
        if (origin.Config.Rope is { Type: "linear", Factor: { } factor })
        {
            file.Text($"{architecture}.rope.scaling.type", "linear");
            Number("rope.scaling.factor", (float)factor);
        }
        if (layer.Moe is { } moe)
        {
            Count("expert_count", moe.Experts);
            Count("expert_used_count", origin.Config.Int("num_experts_per_tok"));
            Count("expert_feed_forward_length", moe.IntermediateSize);
            if (layer.Mlp.IntermediateSize > 0) Count("expert_shared_feed_forward_length", layer.Mlp.IntermediateSize);
        }
        Copied("attention_multiplier", "attention.scale");
        Copied("embedding_multiplier", "embedding_scale");
        Copied("residual_multiplier", "residual_scale");
        Copied("logits_scaling", "logit_scale");
        Copied("logit_scale", "logit_scale");
        Copied("attn_logit_softcapping", "attn_logit_softcapping");
        Copied("final_logit_softcapping", "final_logit_softcapping");
        // The converter's default is true, whatever transformers' is.
        if (architecture is "stablelm" or "gptneox") file.Bool($"{architecture}.use_parallel_residual", origin.Config.OptionalBool("use_parallel_residual") ?? true);
        file.Text("tokenizer.ggml.model", "gpt2").Strings("tokenizer.ggml.tokens", [.. Enumerable.Range(0, spec.VocabularySize).Select(id => $"t{id}")]);
    }

    private void Copy(WeightPart part, int layer)
    {
        string source = from.Name(part, layer), target = to.Name(part, layer);
        if (source.Contains("{head}", StringComparison.Ordinal))
            Write(target, Stack(head => source.Replace("{head}", head.ToString(), StringComparison.Ordinal)), twoDimensional: true);
        else if (from.Name(part, layer, 1) != source)
            Write(target, Stack(expert => from.Name(part, layer, expert)), twoDimensional: false);
        else if (origin.TryGet(source, out CheckpointTensor? tensor) && !(part == WeightPart.Head && spec.TiedEmbedding))
            Write(target, [Changed(part, Read(tensor))], twoDimensional: true);
        string bias = source.Replace(".weight", ".bias", StringComparison.Ordinal);
        if (part.ToString().EndsWith("Norm", StringComparison.Ordinal) && origin.TryGet(bias, out CheckpointTensor? vector))
            Write(target.Replace(".weight", ".bias", StringComparison.Ordinal), [Read(vector)], twoDimensional: true);
    }

    private List<Matrix> Stack(Func<int, string> nameOf)
    {
        List<Matrix> parts = [];
        while (origin.TryGet(nameOf(parts.Count), out CheckpointTensor? tensor)) parts.Add(Read(tensor));
        return parts;
    }

    private Matrix Changed(WeightPart part, Matrix matrix)
    {
        AttentionSpec attention = spec.Layers[0].Attention!;
        bool isTable = part is WeightPart.Embedding or WeightPart.Positions or WeightPart.Head;
        if (from.IsTransposed && !isTable && !matrix.IsVector) matrix = matrix.Transposed();
        // Vectors are columns here, so that their elements are reordered as matrices' rows are.
        if (attention.QkvByHead && part is WeightPart.Query or WeightPart.QueryBias)
            return matrix.Reordered(row => HeadByHeadRows.Stored(row, attention.KvHeads, attention.Heads / attention.KvHeads, attention.HeadSize));
        if (Permuted.Contains(architecture) && part is WeightPart.Query or WeightPart.Key or WeightPart.QueryBias or WeightPart.KeyBias)
            return matrix.Reordered(row => NeighbourOf(row, attention.HeadSize));
        if (WithOne.Contains(architecture) && part.ToString().EndsWith("Norm", StringComparison.Ordinal)) return matrix with { Values = [.. matrix.Values.Select(value => value + 1)] };
        return matrix;
    }

    // Row 2i of a head comes from row i, row 2i + 1 from row i + half.
    private static long NeighbourOf(long row, int headSize)
    {
        long within = row % headSize;
        return row - within + (within / 2) + (within % 2 * (headSize / 2));
    }

    private void Write(string name, List<Matrix> parts, bool twoDimensional)
    {
        if (parts.Count == 0 || !written.Add(name)) return;
        long[] dimensions = parts switch
        {
            [{ IsVector: true }] => [parts[0].Values.Length],
            [_] => [parts[0].Columns, parts[0].Rows],
            _ when twoDimensional => [parts[0].Values.Length, parts.Count],
            _ => [parts[0].Columns, parts[0].Rows, parts.Count],
        };
        file.Tensor(name, (uint)GgmlType.F32, dimensions, MemoryMarshal.AsBytes<float>(parts.SelectMany(part => part.Values).ToArray()).ToArray());
    }

    private static Matrix Read(CheckpointTensor tensor)
    {
        var values = new float[tensor.Shape.Count];
        tensor.ReadRows(0, tensor.Shape.Rows, values);
        return tensor.Shape.Rank == 1 ? new Matrix(values, tensor.Shape.Count, 1, IsVector: true) : new Matrix(values, tensor.Shape.Rows, tensor.Shape.Columns, IsVector: false);
    }

    private void Count(string key, int value) => file.UInt32($"{architecture}.{key}", (uint)value);

    private void Number(string key, float value) => file.Float32($"{architecture}.{key}", value);

    private void Copied(string name, string key)
    {
        if (origin.Config.OptionalDouble(name) is { } value) Number(key, (float)value);
    }

    private sealed record Matrix(float[] Values, long Rows, long Columns, bool IsVector)
    {
        public Matrix Transposed() => new([.. Enumerable.Range(0, Values.Length).Select(i => Values[(i % Rows * Columns) + (i / Rows)])], Columns, Rows, IsVector);

        /// <summary>Row i is row <paramref name="source"/>(i) of this one.</summary>
        public Matrix Reordered(Func<long, long> source) => this with { Values = [.. Enumerable.Range(0, Values.Length).Select(i => Values[(source(i / Columns) * Columns) + (i % Columns)])] };
    }
}
