namespace Quire.Formats;

/// <summary>What a GGUF architecture is called elsewhere, and how its files store rotated rows.</summary>
/// <param name="ClassName">The transformers class.</param>
/// <param name="ModelType">transformers' <c>model_type</c>.</param>
/// <param name="InterleavedRows">Query and key rows are permuted, so that rope rotates neighbours.</param>
/// <param name="NormsIncludeOne">Norm weights are stored as 1 + weight.</param>
internal sealed record GgufArchitecture(string ClassName, string ModelType, bool InterleavedRows = false, bool NormsIncludeOne = false)
{
    /// <summary>transformers' classes that GGUF files may hold.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
    [
        "LlamaForCausalLM", "MistralForCausalLM", "MixtralForCausalLM", "Qwen2ForCausalLM", "Qwen2MoeForCausalLM", "Qwen3ForCausalLM", "Qwen3MoeForCausalLM", "GemmaForCausalLM",
        "Gemma2ForCausalLM", "Gemma3ForCausalLM", "Phi3ForCausalLM", "GraniteForCausalLM", "OlmoForCausalLM", "Olmo2ForCausalLM", "CohereForCausalLM", "Cohere2ForCausalLM",
        "Starcoder2ForCausalLM", "StableLmForCausalLM", "GPTNeoXForCausalLM", "GPT2LMHeadModel", "GPTBigCodeForCausalLM", "BloomForCausalLM", "FalconForCausalLM", "MPTForCausalLM",
    ];

    /// <exception cref="QuireException">Not among the supported ones.</exception>
    public static GgufArchitecture Of(GgufFile file) => file.Architecture switch
    {
        // One architecture for Llama, Mistral and Mixtral: their files differ in nothing but experts.
        "llama" when file.Metadata.OptionalCount("llama.expert_count") is > 0 => new("MixtralForCausalLM", "mixtral", InterleavedRows: true),
        "llama" when file.Metadata.Has("llama.attention.sliding_window") => new("MistralForCausalLM", "mistral", InterleavedRows: true),
        "llama" => new("LlamaForCausalLM", "llama", InterleavedRows: true),
        "qwen2" => new("Qwen2ForCausalLM", "qwen2"),
        "qwen2moe" => new("Qwen2MoeForCausalLM", "qwen2_moe"),
        "qwen3" => new("Qwen3ForCausalLM", "qwen3"),
        "qwen3moe" => new("Qwen3MoeForCausalLM", "qwen3_moe"),
        "gemma" => new("GemmaForCausalLM", "gemma", NormsIncludeOne: true),
        "gemma2" => new("Gemma2ForCausalLM", "gemma2", NormsIncludeOne: true),
        "gemma3" => new("Gemma3ForCausalLM", "gemma3_text", NormsIncludeOne: true),
        "phi3" => new("Phi3ForCausalLM", "phi3"),
        "granite" => new("GraniteForCausalLM", "granite", InterleavedRows: true),
        "olmo" => new("OlmoForCausalLM", "olmo", InterleavedRows: true),
        "olmo2" => new("Olmo2ForCausalLM", "olmo2"),
        "command-r" => new("CohereForCausalLM", "cohere"),
        "cohere2" => new("Cohere2ForCausalLM", "cohere2"),
        "starcoder2" => new("Starcoder2ForCausalLM", "starcoder2"),
        "stablelm" => new("StableLmForCausalLM", "stablelm"),
        "gptneox" => new("GPTNeoXForCausalLM", "gpt_neox"),
        "gpt2" => new("GPT2LMHeadModel", "gpt2"),
        "starcoder" => new("GPTBigCodeForCausalLM", "gpt_bigcode"),
        "bloom" => new("BloomForCausalLM", "bloom"),
        "falcon" => new("FalconForCausalLM", "falcon"),
        "mpt" => new("MPTForCausalLM", "mpt"),
        string other => throw new QuireException(ErrorKind.NotSupported,
            $"{file.Path}: GGUF architecture {other} is not supported; llama, qwen2, qwen2moe, qwen3, qwen3moe, gemma, gemma2, gemma3, phi3, granite, olmo, olmo2, command-r, cohere2, "
            + "starcoder2, stablelm, gptneox, gpt2, starcoder, bloom, falcon and mpt are"),
    };
}
