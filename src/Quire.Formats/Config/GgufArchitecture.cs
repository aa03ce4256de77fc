namespace Quire.Formats;

/// <summary>What a GGUF architecture is called elsewhere, and how its files store rotated rows.</summary>
/// <param name="ClassName">The transformers class.</param>
/// <param name="ModelType">transformers' <c>model_type</c>.</param>
/// <param name="InterleavedRows">Query and key rows are permuted, so that rope rotates neighbours.</param>
/// <param name="NormsIncludeOne">Norm weights are stored as 1 + weight.</param>
internal sealed record GgufArchitecture(string ClassName, string ModelType, bool InterleavedRows = false, bool NormsIncludeOne = false)
{
    private static readonly GgufArchitecture mistral = new("MistralForCausalLM", "mistral", InterleavedRows: true);
    private static readonly GgufArchitecture mixtral = new("MixtralForCausalLM", "mixtral", InterleavedRows: true);
    private static readonly GgufArchitecture olmo3 = new("Olmo3ForCausalLM", "olmo3");
    private static readonly GgufArchitecture deepseekV3 = new("DeepseekV3ForCausalLM", "deepseek_v3");

    private static readonly GgufArchitecture bertLabels = new("BertForSequenceClassification", "bert");
    private static readonly GgufArchitecture qwen3Labels = new("Qwen3ForSequenceClassification", "qwen3");
    private static readonly GgufArchitecture modernBertLabels = new("ModernBertForSequenceClassification", "modernbert");

    // RoBERTa's files are BERT's: what comes before position 0 is cut off its table. Of BERT's own classifiers the converter leaves the pooler out; a file that has it is read. Of models that see pictures too, the text model is a file of its own.
    private static readonly string[] asOthers = ["Gemma3ForConditionalGeneration", "RobertaModel", "RobertaForSequenceClassification", "XLMRobertaModel", "XLMRobertaForSequenceClassification"];

    private static readonly Dictionary<string, GgufArchitecture> known = new()
    {
        ["llama"] = new("LlamaForCausalLM", "llama", InterleavedRows: true),
        ["llama4"] = new("Llama4ForCausalLM", "llama4_text"),
        ["qwen2"] = new("Qwen2ForCausalLM", "qwen2"),
        ["qwen2moe"] = new("Qwen2MoeForCausalLM", "qwen2_moe"),
        ["qwen3"] = new("Qwen3ForCausalLM", "qwen3"),
        ["qwen3moe"] = new("Qwen3MoeForCausalLM", "qwen3_moe"),
        ["qwen3next"] = new("Qwen3NextForCausalLM", "qwen3_next", NormsIncludeOne: true),
        ["gemma"] = new("GemmaForCausalLM", "gemma", NormsIncludeOne: true),
        ["gemma2"] = new("Gemma2ForCausalLM", "gemma2", NormsIncludeOne: true),
        ["gemma3"] = new("Gemma3ForCausalLM", "gemma3_text", NormsIncludeOne: true),
        ["phi2"] = new("PhiForCausalLM", "phi"),
        ["phi3"] = new("Phi3ForCausalLM", "phi3"),
        ["gpt-oss"] = new("GptOssForCausalLM", "gpt_oss"),
        ["deepseek2"] = new("DeepseekV2ForCausalLM", "deepseek_v2"),
        ["minicpm3"] = new("MiniCPM3ForCausalLM", "minicpm3"),
        ["chatglm"] = new("GlmForCausalLM", "glm"),
        ["glm4"] = new("Glm4ForCausalLM", "glm4"),
        ["glm4moe"] = new("Glm4MoeForCausalLM", "glm4_moe"),
        ["granite"] = new("GraniteForCausalLM", "granite", InterleavedRows: true),
        ["granitemoe"] = new("GraniteMoeForCausalLM", "granitemoe", InterleavedRows: true),
        ["olmo"] = new("OlmoForCausalLM", "olmo", InterleavedRows: true),
        ["olmo2"] = new("Olmo2ForCausalLM", "olmo2"),
        ["olmoe"] = new("OlmoeForCausalLM", "olmoe"),
        ["ernie4_5"] = new("Ernie4_5ForCausalLM", "ernie4_5"),
        ["ernie4_5-moe"] = new("Ernie4_5_MoeForCausalLM", "ernie4_5_moe"),
        ["hunyuan-dense"] = new("HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense"),
        ["smollm3"] = new("SmolLM3ForCausalLM", "smollm3", InterleavedRows: true),
        ["seed_oss"] = new("SeedOssForCausalLM", "seed_oss"),
        ["exaone4"] = new("Exaone4ForCausalLM", "exaone4"),
        ["nemotron"] = new("NemotronForCausalLM", "nemotron", NormsIncludeOne: true),
        ["apertus"] = new("ApertusForCausalLM", "apertus"),
        ["minimax-m2"] = new("MiniMaxM2ForCausalLM", "minimax_m2"),
        ["lfm2"] = new("Lfm2ForCausalLM", "lfm2"),
        ["command-r"] = new("CohereForCausalLM", "cohere"),
        ["cohere2"] = new("Cohere2ForCausalLM", "cohere2"),
        ["starcoder2"] = new("Starcoder2ForCausalLM", "starcoder2"),
        ["stablelm"] = new("StableLmForCausalLM", "stablelm"),
        ["gptneox"] = new("GPTNeoXForCausalLM", "gpt_neox"),
        ["gpt2"] = new("GPT2LMHeadModel", "gpt2"),
        ["starcoder"] = new("GPTBigCodeForCausalLM", "gpt_bigcode"),
        ["bloom"] = new("BloomForCausalLM", "bloom"),
        ["falcon"] = new("FalconForCausalLM", "falcon"),
        ["mpt"] = new("MPTForCausalLM", "mpt"),
        ["bert"] = new("BertModel", "bert"),
        ["modern-bert"] = new("ModernBertModel", "modernbert"),
    };

    /// <summary>transformers' classes that GGUF files may hold.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        [.. known.Values.Concat([mistral, mixtral, olmo3, deepseekV3, qwen3Labels, modernBertLabels]).Select(architecture => architecture.ClassName), .. asOthers];

    /// <exception cref="QuireException">Not among the supported ones.</exception>
    public static GgufArchitecture Of(GgufFile file) => file.Architecture switch
    {
        // One architecture for Llama, Mistral and Mixtral: their files differ in nothing but experts.
        "llama" when file.Metadata.OptionalCount("llama.expert_count") is > 0 => mixtral,
        "llama" when file.Metadata.Has("llama.attention.sliding_window") => mistral,
        "olmo2" when file.Metadata.OptionalCount("olmo2.attention.sliding_window") is > 0 => olmo3,
        "deepseek2" when GgufExpertKeys.HasSigmoids(file) => deepseekV3,
        "bert" when GgufEncoderKeys.HasLabels(file) => bertLabels,
        "modern-bert" when GgufEncoderKeys.HasLabels(file) => modernBertLabels,
        "qwen3" when GgufEncoderKeys.HasLabels(file) => qwen3Labels,
        string name => known.GetValueOrDefault(name) ?? throw new QuireException(ErrorKind.NotSupported,
            $"{file.Path}: GGUF architecture {name} is not supported; the nearest is {NearestName.Of(name, known.Keys)}; known are {string.Join(", ", known.Keys)}"),
    };
}
