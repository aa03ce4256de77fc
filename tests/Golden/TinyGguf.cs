using System.Text;

namespace Quire.Golden;

/// <summary>Builds little-endian GGUF files of version 3.</summary>
internal sealed class TinyGguf
{
    private const int Alignment = 32;

    private readonly List<byte[]> pairs = [];
    private readonly List<(string Name, uint Type, long[] Dimensions, byte[] Data)> tensors = [];

    /// <summary>A later part of a split file: it does not say what the model is.</summary>
    public TinyGguf()
    {
    }

    public TinyGguf(string architecture) => Text("general.architecture", architecture);

    /// <summary>The smallest metadata of a Llama that loads.</summary>
    public static TinyGguf Llama() => new TinyGguf("llama")
        .UInt32("llama.block_count", 1).UInt32("llama.context_length", 64).UInt32("llama.embedding_length", 4).UInt32("llama.feed_forward_length", 8)
        .UInt32("llama.attention.head_count", 2).UInt32("llama.attention.head_count_kv", 1)
        .Float32("llama.attention.layer_norm_rms_epsilon", 1e-5f).Float32("llama.rope.freq_base", 10000)
        .Text("tokenizer.ggml.model", "gpt2").Strings("tokenizer.ggml.tokens", "a", "b", "</s>").UInt32("tokenizer.ggml.eos_token_id", 2)
        .Tensor("token_embd.weight", 0, [4, 3], new byte[48]);

    public TinyGguf Text(string key, string value) => Pair(key, 8, String(value));

    public TinyGguf UInt32(string key, uint value) => Pair(key, 4, BitConverter.GetBytes(value));

    public TinyGguf Float32(string key, float value) => Pair(key, 6, BitConverter.GetBytes(value));

    public TinyGguf Bool(string key, bool value) => Pair(key, 7, [value ? (byte)1 : (byte)0]);

    public TinyGguf Strings(string key, params string[] values) => Pair(key, 9, Array(8, [.. values.Select(String)]));

    public TinyGguf Pair(string key, uint type, byte[] value)
    {
        pairs.Add([.. String(key), .. BitConverter.GetBytes(type), .. value]);
        return this;
    }

    /// <param name="dimensions">Fastest first.</param>
    public TinyGguf Tensor(string name, uint type, long[] dimensions, byte[] data)
    {
        tensors.Add((name, type, dimensions, data));
        return this;
    }

    public byte[] Build()
    {
        var file = new List<byte>();
        file.AddRange("GGUF"u8);
        file.AddRange([.. BitConverter.GetBytes(3u), .. BitConverter.GetBytes((long)tensors.Count), .. BitConverter.GetBytes((long)pairs.Count)]);
        pairs.ForEach(file.AddRange);
        long offset = 0;
        foreach ((string name, uint type, long[] dimensions, byte[] data) in tensors)
        {
            file.AddRange([.. String(name), .. BitConverter.GetBytes(dimensions.Length)]);
            foreach (long dimension in dimensions) file.AddRange(BitConverter.GetBytes(dimension));
            file.AddRange([.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(offset)]);
            offset += (data.Length + Alignment - 1) / Alignment * Alignment;
        }

        foreach ((_, _, _, byte[] data) in tensors)
        {
            while (file.Count % Alignment != 0) file.Add(0);
            file.AddRange(data);
        }

        return [.. file];
    }

    public static byte[] Array(uint elementType, params byte[][] elements) =>
        [.. BitConverter.GetBytes(elementType), .. BitConverter.GetBytes((long)elements.Length), .. elements.SelectMany(element => element)];

    private static byte[] String(string text) => Encoding.UTF8.GetBytes(text) is var bytes ? [.. BitConverter.GetBytes((long)bytes.Length), .. bytes] : [];
}
