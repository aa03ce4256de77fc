using System.Text.RegularExpressions;
using Quire.Formats;

namespace Quire.Conformance.Models;

/// <summary>What llama.cpp's converter makes of a checkpoint's tensors: after the <c>modify_tensors</c> of its model classes.</summary>
internal sealed partial class GgufCopyTensors(Checkpoint origin, string architecture)
{
    private readonly ModelConfig config = origin.Config;
    private readonly GgufCopyNames names = new(architecture);

    /// <summary>Latent attention's matrix of keys and values in one, as files before its absorption have it.</summary>
    public bool KeepsLatentsWhole { get; init; }

    private int Heads => config.OptionalInt("num_attention_heads") ?? config.Int("n_head");

    private int KvHeads => config.OptionalInt("num_key_value_heads") ?? Heads;

    public IEnumerable<(string Name, CopiedTensor Tensor)> All()
    {
        // Experts, and norms of single heads, are stacked in the order of their numbers.
        var stacked = origin.TensorNames.Where(name => !IsLeftOut(name)).GroupBy(name => Numbered().Replace(name, "$1."));
        foreach (var group in stacked)
        {
            CopiedTensor[] parts = [.. group.OrderBy(name => int.Parse(Numbered().Match(name) is { Success: true } match ? match.Groups[2].Value : "0")).Select(name => CopiedTensor.Read(origin.Get(name)))];
            CopiedTensor tensor = Numbered().IsMatch(group.First()) ? CopiedTensor.Stack(parts) : parts[0];
            foreach ((string name, CopiedTensor changed) in Modified(group.Key.Replace("norms.", "", StringComparison.Ordinal), tensor)) yield return (names.Of(name), changed);
        }
    }

    private bool IsLeftOut(string name) =>
        name.EndsWith(".inv_freq", StringComparison.Ordinal) || name.EndsWith(".masked_bias", StringComparison.Ordinal) || name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attention.bias", StringComparison.Ordinal)
        || name.Contains("act_fn", StringComparison.Ordinal) || GgufCopyBlocks.Holds(name) || name.EndsWith("position_ids", StringComparison.Ordinal)
        || name.StartsWith("vision_tower.", StringComparison.Ordinal) || name.StartsWith("multi_modal_projector.", StringComparison.Ordinal)
        || (architecture == "bert" && name.Contains("pooler.dense", StringComparison.Ordinal))
        || (name == "lm_head.weight" && config.OptionalBool("tie_word_embeddings") == true)
        // Layers behind the last predict further tokens.
        || (LayerOf().Match(name) is { Success: true } match && int.Parse(match.Groups[1].Value) >= (config.OptionalInt("num_hidden_layers") ?? int.MaxValue));

    private IEnumerable<(string Name, CopiedTensor Tensor)> Modified(string name, CopiedTensor tensor)
    {
        bool Is(params string[] ends) => ends.Any(end => name.EndsWith(end, StringComparison.Ordinal));
        if (Is("e_score_correction_bias")) name = name.Replace("e_score_correction_bias", "e_score_correction.bias", StringComparison.Ordinal);
        switch (architecture)
        {
            case "llama" or "granite" or "granitemoe" or "smollm3" or "olmo" when Is("q_proj.weight", "q_proj.bias"):
                return [(name, Permuted(tensor, Heads))];
            case "llama" or "granite" or "granitemoe" or "smollm3" or "olmo" when Is("k_proj.weight", "k_proj.bias"):
                return [(name, Permuted(tensor, KvHeads))];
            case "gemma" or "gemma2" or "gemma3" or "nemotron" when Is("norm.weight"):
                return [(name, tensor.Plus(1))];
            case "granitemoe" when Is("input_linear.weight"):
                return Halves(name.Replace("input_linear", "experts.w1", StringComparison.Ordinal), name.Replace("input_linear", "experts.w3", StringComparison.Ordinal), tensor);
            case "gpt-oss":
                return GptOss(name, tensor);
            case "llama4" when Is("gate_up_proj"):
                return Halves(name.Replace("gate_up_proj", "gate_proj.weight", StringComparison.Ordinal), name.Replace("gate_up_proj", "up_proj.weight", StringComparison.Ordinal), tensor.Transposed());
            case "llama4" when Is("down_proj"):
                return [(name + ".weight", tensor.Transposed())];
            case "deepseek2" when Is("kv_b_proj.weight") && !KeepsLatentsWhole:
                return SplitLatents(name, tensor);
            case "minicpm3" when name == "model.norm.weight":
                // The head's divisor is llama.cpp's own, 256; here the last norm makes up for another.
                return [(name, tensor.Times(config.Int("dim_model_base") / 256f))];
            case "gpt2" when Is(".c_attn.weight", ".c_proj.weight", ".c_fc.weight"):
                return [(name, tensor.Transposed())];
            case "bloom" or "gptneox" when name.Contains("query_key_value", StringComparison.Ordinal):
                return [(name, ByKind(tensor, Heads, 1))];
            case "falcon" when name.Contains("query_key_value", StringComparison.Ordinal):
                return [(name, ByKind(tensor, GgufCopyKeys.FalconKvHeads(config), Heads / GgufCopyKeys.FalconKvHeads(config)))];
            case "lfm2" when Is("conv.conv.weight"):
                return [(name, tensor.Reshaped(tensor.Shape[0], tensor.Shape[^1]))];
            case "qwen3next":
                return Qwen3Next(name, tensor);
            case "bert" when name.EndsWith("position_embeddings.weight", StringComparison.Ordinal) && config.ModelType != "bert":
                int first = config.Int("pad_token_id") + 1;
                return [(name, tensor.Taking(tensor.Shape[0] - first, row => row + first))];
            default:
                return [(name, tensor)];
        }
    }

    private List<(string Name, CopiedTensor Tensor)> GptOss(string name, CopiedTensor tensor)
    {
        if (name.EndsWith("sinks", StringComparison.Ordinal)) return [(name + ".weight", tensor)];
        if (name.EndsWith("down_proj_bias", StringComparison.Ordinal)) return [(name.Replace("down_proj_bias", "down_proj.bias", StringComparison.Ordinal), tensor)];
        if (name.EndsWith("experts.down_proj", StringComparison.Ordinal)) return [(name + ".weight", tensor.Transposed())];
        bool isBias = name.EndsWith("gate_up_proj_bias", StringComparison.Ordinal);
        if (!isBias && !name.EndsWith("gate_up_proj", StringComparison.Ordinal)) return [(name, tensor)];
        string stem = name[..name.LastIndexOf("gate_up_proj", StringComparison.Ordinal)], end = isBias ? ".bias" : ".weight";
        // Gate and up stand in turn.
        CopiedTensor rows = isBias ? tensor : tensor.Transposed();
        long size = rows.Shape[1] / 2;
        return [(stem + "gate_proj" + end, rows.TakingInner(size, row => 2 * row)), (stem + "up_proj" + end, rows.TakingInner(size, row => (2 * row) + 1))];
    }

    private List<(string Name, CopiedTensor Tensor)> SplitLatents(string name, CopiedTensor tensor)
    {
        int plain = config.Int("qk_nope_head_dim"), size = config.Int("v_head_dim");
        CopiedTensor heads = tensor.Reshaped(Heads, plain + size, tensor.Shape[1]);
        return
        [
            (name.Replace("kv_b_proj", "k_b_proj", StringComparison.Ordinal), heads.TakingInner(plain, row => row).Transposed()),
            (name.Replace("kv_b_proj", "v_b_proj", StringComparison.Ordinal), heads.TakingInner(size, row => plain + row)),
        ];
    }

    private List<(string Name, CopiedTensor Tensor)> Qwen3Next(string name, CopiedTensor tensor)
    {
        if (name.EndsWith("A_log", StringComparison.Ordinal)) return [(name, tensor with { Values = [.. tensor.Values.Select(value => -(float)Math.Exp(value))] })];
        if (name.EndsWith("dt_bias", StringComparison.Ordinal)) return [(name.Replace("dt_bias", "dt_proj.bias", StringComparison.Ordinal), tensor)];
        if (name.EndsWith("conv1d.weight", StringComparison.Ordinal)) return [(name, tensor.Reshaped(tensor.Shape[0], tensor.Shape[^1]))];
        if (name.EndsWith("norm.weight", StringComparison.Ordinal) && !name.EndsWith("linear_attn.norm.weight", StringComparison.Ordinal)) return [(name, tensor.Plus(1))];
        if (!name.EndsWith("in_proj_qkvz.weight", StringComparison.Ordinal)) return [(name, tensor)];

        // Of each key head: query, key, values, gates.
        int keyHeads = config.Int("linear_num_key_heads"), key = config.Int("linear_key_head_dim"), values = config.Int("linear_num_value_heads") / keyHeads * config.Int("linear_value_head_dim");
        CopiedTensor heads = tensor.Reshaped(keyHeads, (2 * key) + (2 * values), tensor.Shape[1]);
        CopiedTensor[] parts = [Part(0, key), Part(key, key), Part(2 * key, values)];
        string stem = name[..^"in_proj_qkvz.weight".Length];
        return
        [
            (stem.Replace("linear_attn", "attn", StringComparison.Ordinal) + "Wqkv.weight", new CopiedTensor([.. parts.SelectMany(part => part.Values)], [parts.Sum(part => part.Shape[0]), tensor.Shape[1]])),
            (stem + "z.weight", Part((2 * key) + values, values)),
        ];

        CopiedTensor Part(int first, int count) => heads.TakingInner(count, row => first + row).Reshaped(keyHeads * count, tensor.Shape[1]);
    }

    private static List<(string Name, CopiedTensor Tensor)> Halves(string gate, string up, CopiedTensor tensor)
    {
        long size = tensor.Shape[1] / 2;
        return [(gate, tensor.TakingInner(size, row => row)), (up, tensor.TakingInner(size, row => size + row))];
    }

    // Row 2i of a head comes from row i, row 2i + 1 from row i + half.
    private static CopiedTensor Permuted(CopiedTensor tensor, int heads)
    {
        long size = tensor.Shape[0] / heads;
        return tensor.Taking(tensor.Shape[0], row => row - (row % size) + (row % size / 2) + (row % 2 * (size / 2)));
    }

    // From groups of queries, a key and a value to all queries, all keys, all values.
    private static CopiedTensor ByKind(CopiedTensor tensor, int groups, int queries)
    {
        long size = tensor.Shape[0] / (groups * (queries + 2L)), allQueries = groups * queries * size, allKeys = groups * size;
        return tensor.Taking(tensor.Shape[0], row =>
            row < allQueries ? Stored(row / size / queries, row / size % queries, row % size)
            : row < allQueries + allKeys ? Stored((row - allQueries) / size, queries, row % size)
            : Stored((row - allQueries - allKeys) / size, queries + 1L, row % size));

        long Stored(long group, long member, long within) => (((group * (queries + 2L)) + member) * size) + within;
    }

    [GeneratedRegex(@"(experts|norms)\.(\d+)\.")]
    private static partial Regex Numbered();

    [GeneratedRegex(@"^model\.layers\.(\d+)\.")]
    private static partial Regex LayerOf();
}
