using Quire.Formats;
using Quire.Tensors;

namespace Quire.Cli;

/// <summary>Writes the model of <see cref="RandomModel"/> as a GGUF file, after llama.cpp's converter: its keys, its names, its orders of rows, its types.</summary>
/// <remarks>The vocabulary is another: a token for each byte and one for spaces, so that every text can be asked, and made-up words for all ids behind.</remarks>
internal static class RandomGguf
{
    private const int Context = 32768, Bytes = 256, Space = Bytes;
    private const int Normal = 1, Byte = 6;

    /// <summary>Types of matrices.</summary>
    private static readonly GgmlType[] types = [GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1];

    /// <summary>What llama.cpp calls the architectures of <see cref="ModelShapes"/>.</summary>
    private static readonly string[] architectures = ["llama", "qwen2"];

    private static readonly Dictionary<string, string> modules = new()
    {
        ["model.embed_tokens"] = "token_embd",
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output",
        ["post_attention_layernorm"] = "ffn_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
        ["model.norm"] = "output_norm",
        ["lm_head"] = "output",
    };

    public static string TypeNames { get; } = string.Join(", ", types.Select(Name));

    /// <summary>As on the command line.</summary>
    public static string Name(GgmlType type) => type.ToString().ToLowerInvariant();

    /// <exception cref="QuireException">No such type, or none that is written.</exception>
    public static GgmlType TypeNamed(string name) => types.Cast<GgmlType?>().FirstOrDefault(type => string.Equals(type.ToString(), name, StringComparison.OrdinalIgnoreCase))
        ?? throw new QuireException(ErrorKind.InvalidRequest, $"--gguf {name} is unknown; {TypeNames} are known.", param: "gguf");

    /// <exception cref="QuireException">llama.cpp has no such architecture, or the dimensions do not suit it or the type.</exception>
    public static void Write(ModelShapes shapes, GgmlType type, string path)
    {
        if (!architectures.Contains(shapes.ModelType))
            throw new QuireException(ErrorKind.NotSupported, $"{shapes.Name} is a {shapes.ModelType}, which cannot be written as GGUF; {string.Join(" and ", architectures)} can.", param: "gguf");
        if (shapes.Vocabulary <= Space)
            throw new QuireException(ErrorKind.NotSupported, $"{shapes.Name} has {shapes.Vocabulary} tokens; as GGUF, models have at least {Space + 1}, for bytes and spaces.", param: "gguf");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var weights = new RandomWeights();
        Metadata(shapes, type).Write(path, [.. shapes.Tensors().Select(tensor => Part(shapes, type, tensor.Name, tensor.Shape, weights))]);
    }

    private static GgufWriter Metadata(ModelShapes shapes, GgmlType type)
    {
        string architecture = shapes.ModelType;
        return new GgufWriter(architecture)
            .Add("general.name", $"{shapes.Name}, random {Name(type)} weights")
            .Add($"{architecture}.block_count", (uint)shapes.Layers)
            .Add($"{architecture}.context_length", Context)
            .Add($"{architecture}.embedding_length", (uint)shapes.Hidden)
            .Add($"{architecture}.feed_forward_length", (uint)shapes.Intermediate)
            .Add($"{architecture}.attention.head_count", (uint)shapes.Heads)
            .Add($"{architecture}.attention.head_count_kv", (uint)shapes.KvHeads)
            .Add($"{architecture}.attention.key_length", (uint)shapes.HeadSize)
            .Add($"{architecture}.attention.value_length", (uint)shapes.HeadSize)
            .Add($"{architecture}.attention.layer_norm_rms_epsilon", 1e-6f)
            .Add($"{architecture}.rope.dimension_count", (uint)shapes.HeadSize)
            .Add($"{architecture}.rope.freq_base", (float)shapes.RopeTheta)
            .Add("tokenizer.ggml.model", "llama")
            .Add("tokenizer.ggml.tokens", [.. Enumerable.Range(0, shapes.Vocabulary).Select(id => id < Bytes ? $"<0x{id:X2}>" : id == Space ? "▁" : $"w{id}")])
            .Add("tokenizer.ggml.scores", new float[shapes.Vocabulary])
            .Add("tokenizer.ggml.token_type", [.. Enumerable.Range(0, shapes.Vocabulary).Select(id => id < Bytes ? Byte : Normal)])
            .Add("tokenizer.ggml.add_bos_token", false)
            .Add("tokenizer.ggml.add_space_prefix", false);
    }

    private static GgufPart Part(ModelShapes shapes, GgmlType type, string name, long[] shape, RandomWeights weights)
    {
        GgmlType own = shape.Length == 1 ? GgmlType.F32 : IsHead(shapes, name) && type is GgmlType.Q4_0 or GgmlType.Q4_1 ? GgmlType.Q8_0 : type;
        if (shape[^1] % own.BlockSize() != 0)
            throw new QuireException(ErrorKind.NotSupported, $"{shapes.Name}: {name} has rows of {shape[^1]}, no whole number of {Name(own)} blocks of {own.BlockSize()}; --gguf bf16 can be written.", param: "gguf");
        Func<long, long>? source = shapes.ModelType == "llama" && shape.Length == 2 && (name.Contains("q_proj") || name.Contains("k_proj")) ? row => HalfSplit(row, shapes.HeadSize) : null;
        return new GgufPart(Translate(name), own, new Shape(shape), stream => weights.Write(stream, shape, own, source));
    }

    /// <summary>True of what gives the logits. llama.cpp's quantiser leaves it 8 bits in files of 4 where its rows are no whole blocks of 256; others, which it gives Q6_K, get 8 here too.</summary>
    private static bool IsHead(ModelShapes shapes, string name) => name == (shapes.Tied ? "model.embed_tokens.weight" : "lm_head.weight");

    /// <summary>The row that stands in a row's place in files of Llama, where elements that rotate together are neighbours and not half a head apart.</summary>
    private static long HalfSplit(long row, int headSize)
    {
        long within = row % headSize;
        return row - within + (within / 2) + (within % 2 * (headSize / 2));
    }

    /// <summary><c>model.layers.3.mlp.up_proj.weight</c> is <c>blk.3.ffn_up.weight</c>.</summary>
    private static string Translate(string name)
    {
        int end = name.LastIndexOf('.');
        string module = name[..end], kind = name[end..];
        if (modules.TryGetValue(module, out string? whole)) return whole + kind;
        string[] parts = module.Split('.', 4);
        return $"blk.{parts[2]}.{modules[parts[3]]}{kind}";
    }
}
