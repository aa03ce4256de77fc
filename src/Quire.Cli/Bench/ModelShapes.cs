using Quire.Tensors;

namespace Quire.Cli;

/// <summary>The dimensions of well-known models: enough to make a checkpoint with random weights that runs as fast as the real one.</summary>
/// <param name="Name">For the command line.</param>
/// <param name="Architecture">As in config.json.</param>
/// <param name="QkvBias">Query, key and value have biases.</param>
internal sealed record ModelShapes(
    string Name, string Architecture, string ModelType, int Hidden, int Intermediate, int Layers, int Heads, int KvHeads, int HeadSize, int Vocabulary, bool Tied, bool QkvBias, double RopeTheta)
{
    public static IReadOnlyList<ModelShapes> Known { get; } =
    [
        new("smollm2-135m", "LlamaForCausalLM", "llama", 576, 1536, 30, 9, 3, 64, 49152, true, false, 100_000),
        new("qwen2.5-0.5b", "Qwen2ForCausalLM", "qwen2", 896, 4864, 24, 14, 2, 64, 151936, true, true, 1_000_000),
        new("llama-3.2-1b", "LlamaForCausalLM", "llama", 2048, 8192, 16, 32, 8, 64, 128256, true, false, 500_000),
        new("qwen2.5-7b", "Qwen2ForCausalLM", "qwen2", 3584, 18944, 28, 28, 4, 128, 152064, false, true, 1_000_000),
    ];

    /// <exception cref="QuireException">No such shapes.</exception>
    public static ModelShapes Named(string name) => Known.FirstOrDefault(shapes => shapes.Name == name)
        ?? throw new QuireException(ErrorKind.InvalidRequest, $"--shapes {name} is unknown; {string.Join(", ", Known.Select(shapes => shapes.Name))} are known.", param: "shapes");

    /// <summary>Names and shapes of all tensors, in the order of the file.</summary>
    public IEnumerable<(string Name, long[] Shape)> Tensors()
    {
        yield return ("model.embed_tokens.weight", [Vocabulary, Hidden]);
        for (int layer = 0; layer < Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", [Hidden]);
            foreach ((string projection, int outputs) in ((string, int)[])[("q", Heads * HeadSize), ("k", KvHeads * HeadSize), ("v", KvHeads * HeadSize)])
            {
                yield return ($"{prefix}self_attn.{projection}_proj.weight", [outputs, Hidden]);
                if (QkvBias) yield return ($"{prefix}self_attn.{projection}_proj.bias", [outputs]);
            }
            yield return (prefix + "self_attn.o_proj.weight", [Hidden, Heads * HeadSize]);
            yield return (prefix + "post_attention_layernorm.weight", [Hidden]);
            yield return (prefix + "mlp.gate_proj.weight", [Intermediate, Hidden]);
            yield return (prefix + "mlp.up_proj.weight", [Intermediate, Hidden]);
            yield return (prefix + "mlp.down_proj.weight", [Hidden, Intermediate]);
        }
        yield return ("model.norm.weight", [Hidden]);
        if (!Tied) yield return ("lm_head.weight", [Vocabulary, Hidden]);
    }
}
