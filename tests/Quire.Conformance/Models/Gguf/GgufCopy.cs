using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Quire.Formats;
using Quire.Golden;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>A Hugging Face checkpoint as a GGUF file of float32, after llama.cpp's converter: its keys, its names, its orders of rows. Nothing here comes from Quire's own maps, whose faults it is to show.</summary>
internal static class GgufCopy
{
    /// <summary>GGUF's architecture of a transformers class.</summary>
    public static readonly IReadOnlyDictionary<string, string> Architectures = new Dictionary<string, string>
    {
        ["LlamaForCausalLM"] = "llama",
        ["MistralForCausalLM"] = "llama",
        ["MixtralForCausalLM"] = "llama",
        ["Llama4ForCausalLM"] = "llama4",
        ["Qwen2ForCausalLM"] = "qwen2",
        ["Qwen2MoeForCausalLM"] = "qwen2moe",
        ["Qwen3ForCausalLM"] = "qwen3",
        ["Qwen3ForSequenceClassification"] = "qwen3",
        ["Qwen3MoeForCausalLM"] = "qwen3moe",
        ["Qwen3NextForCausalLM"] = "qwen3next",
        ["GemmaForCausalLM"] = "gemma",
        ["Gemma2ForCausalLM"] = "gemma2",
        ["Gemma3ForCausalLM"] = "gemma3",
        ["Gemma3ForConditionalGeneration"] = "gemma3",
        ["PhiForCausalLM"] = "phi2",
        ["Phi3ForCausalLM"] = "phi3",
        ["GptOssForCausalLM"] = "gpt-oss",
        ["DeepseekV2ForCausalLM"] = "deepseek2",
        ["DeepseekV3ForCausalLM"] = "deepseek2",
        ["MiniCPM3ForCausalLM"] = "minicpm3",
        ["GlmForCausalLM"] = "chatglm",
        ["Glm4ForCausalLM"] = "glm4",
        ["Glm4MoeForCausalLM"] = "glm4moe",
        ["GraniteForCausalLM"] = "granite",
        ["GraniteMoeForCausalLM"] = "granitemoe",
        ["OlmoForCausalLM"] = "olmo",
        ["Olmo2ForCausalLM"] = "olmo2",
        ["Olmo3ForCausalLM"] = "olmo2",
        ["OlmoeForCausalLM"] = "olmoe",
        ["Ernie4_5ForCausalLM"] = "ernie4_5",
        ["Ernie4_5_MoeForCausalLM"] = "ernie4_5-moe",
        ["HunYuanDenseV1ForCausalLM"] = "hunyuan-dense",
        ["SmolLM3ForCausalLM"] = "smollm3",
        ["SeedOssForCausalLM"] = "seed_oss",
        ["Exaone4ForCausalLM"] = "exaone4",
        ["NemotronForCausalLM"] = "nemotron",
        ["ApertusForCausalLM"] = "apertus",
        ["MiniMaxM2ForCausalLM"] = "minimax-m2",
        ["Lfm2ForCausalLM"] = "lfm2",
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
        ["BertModel"] = "bert",
        ["BertForSequenceClassification"] = "bert",
        ["RobertaModel"] = "bert",
        ["RobertaForSequenceClassification"] = "bert",
        ["XLMRobertaModel"] = "bert",
        ["XLMRobertaForSequenceClassification"] = "bert",
        ["ModernBertModel"] = "modern-bert",
        ["ModernBertForSequenceClassification"] = "modern-bert",
    };

    /// <summary>Why a checkpoint has no copy: its configuration says what GGUF files cannot; null where it has one.</summary>
    public static string? Refusal(ModelConfig config)
    {
        if (config.OptionalInts("mlp_only_layers") is { Count: > 0 }) return "GGUF has no key for mlp_only_layers";
        if (config.Rope is { Type: "dynamic", Alpha: null }) return "GGUF has no key for the rotary rule dynamic";
        if (config.Architectures[0] == "FalconForCausalLM" && config.OptionalBool("alibi") == true) return "GGUF's Falcon has no linear biases";
        return null;
    }

    /// <summary>The class that a copy's file says: of a model that sees pictures too, that of its text model.</summary>
    public static string ClassOf(ModelConfig config) => config.Architectures[0] == "Gemma3ForConditionalGeneration" ? "Gemma3ForCausalLM" : config.Architectures[0];

    /// <summary>What a checkpoint says that GGUF has no key for, and what llama.cpp takes instead. A copy is then of the checkpoint with these.</summary>
    public static IReadOnlyDictionary<string, JsonNode> Fixed(ModelConfig config)
    {
        Dictionary<string, JsonNode> values = [];
        if (config.OptionalDouble("query_pre_attn_scalar") is { } scalar && scalar != config.OptionalInt("head_dim")) values["query_pre_attn_scalar"] = config.Int("head_dim");
        if (config.ModelType is "gemma3_text" or "gemma3") values["sliding_window_pattern"] = 6;
        if (config.OptionalBool("use_sliding_window") == true) values["use_sliding_window"] = false;
        if (config.Has("attention_chunk_size")) (values["attention_chunk_size"], values["floor_scale"], values["attn_scale"]) = (8192, 8192, 0.1);
        return values;
    }

    /// <param name="more">Adds what no converter writes.</param>
    public static byte[] Build(Checkpoint origin, GgufVariant variant = GgufVariant.Usual, Action<TinyGguf>? more = null)
    {
        string architecture = Architectures[origin.Config.Architectures[0]];
        var file = new TinyGguf(architecture);
        bool keepsLatentsWhole = variant == GgufVariant.LatentsWhole;
        new GgufCopyKeys(origin, architecture, file) { KeepsLatentsWhole = keepsLatentsWhole }.Write();
        IEnumerable<(string Name, CopiedTensor Tensor)> tensors = new GgufCopyTensors(origin, architecture) { KeepsLatentsWhole = keepsLatentsWhole }.All();
        foreach ((string name, CopiedTensor tensor) in variant == GgufVariant.Fused ? Fused(tensors) : tensors)
            file.Tensor(name, (uint)GgmlType.F32, [.. tensor.Shape.Reverse()], MemoryMarshal.AsBytes<float>(tensor.Values).ToArray());
        if (architecture == "gpt-oss") GgufCopyBlocks.Write(origin, file);
        more?.Invoke(file);
        return file.Build();
    }

    // Query, key and value of a layer as one tensor, and gate and up of its experts: rows of the one behind those of the other.
    private static IEnumerable<(string Name, CopiedTensor Tensor)> Fused(IEnumerable<(string Name, CopiedTensor Tensor)> tensors)
    {
        string[] order = ["attn_q.", "attn_k.", "attn_v.", "ffn_gate_exps.", "ffn_up_exps."];
        return tensors.GroupBy(tensor => order.FirstOrDefault(part => tensor.Name.Contains(part, StringComparison.Ordinal)) switch
        {
            null => tensor.Name,
            string part => tensor.Name.Replace(part, part[0] == 'a' ? "attn_qkv." : "ffn_gate_up_exps.", StringComparison.Ordinal),
        })
            .Select(group => (group.Key, group.OrderBy(tensor => Array.FindIndex(order, part => tensor.Name.Contains(part, StringComparison.Ordinal))).Select(tensor => tensor.Tensor).ToArray()))
            .Select(group => (group.Key, group.Item2 is [var only] ? only : group.Key.Contains("_exps", StringComparison.Ordinal) ? Joined(group.Item2) : Rows(group.Item2)));

        static CopiedTensor Rows(CopiedTensor[] parts) => new([.. parts.SelectMany(part => part.Values)], [parts.Sum(part => part.Shape[0]), .. parts[0].Shape[1..]]);

        static CopiedTensor Joined(CopiedTensor[] parts)
        {
            long experts = parts[0].Shape[0], rows = parts[0].Shape[1];
            // First all experts' gates, then all their ups; of each expert one and the other are wanted.
            return Rows(parts).Reshaped([2 * experts * rows, .. parts[0].Shape[2..]])
                .Taking(2 * experts * rows, row => (((row / rows % 2 * experts) + (row / rows / 2)) * rows) + (row % rows))
                .Reshaped([experts, 2 * rows, .. parts[0].Shape[2..]]);
        }
    }
}

/// <summary>What else llama.cpp reads under the same architecture.</summary>
internal enum GgufVariant
{
    Usual,

    /// <summary>Latent attention as files had it before its matrices were absorbed.</summary>
    LatentsWhole,

    /// <summary>Query, key and value as one tensor, and gate and up of experts.</summary>
    Fused,
}
