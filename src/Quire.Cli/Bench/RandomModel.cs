using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Quire.Cli;

/// <summary>Writes a Hugging Face folder with random bf16 weights: config.json, model.safetensors and a tokenizer of made-up words.</summary>
internal static class RandomModel
{
    public static void Write(ModelShapes shapes, string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), Config(shapes).ToJsonString());
        WriteTokenizer(shapes, Path.Combine(folder, "tokenizer.json"));
        WriteWeights(shapes, Path.Combine(folder, "model.safetensors"));
    }

    private static JsonObject Config(ModelShapes shapes) => new()
    {
        ["architectures"] = new JsonArray(shapes.Architecture),
        ["model_type"] = shapes.ModelType,
        ["hidden_size"] = shapes.Hidden,
        ["intermediate_size"] = shapes.Intermediate,
        ["num_hidden_layers"] = shapes.Layers,
        ["num_attention_heads"] = shapes.Heads,
        ["num_key_value_heads"] = shapes.KvHeads,
        ["head_dim"] = shapes.HeadSize,
        ["vocab_size"] = shapes.Vocabulary,
        ["max_position_embeddings"] = 32768,
        ["rms_norm_eps"] = 1e-6,
        ["rope_theta"] = shapes.RopeTheta,
        ["hidden_act"] = "silu",
        ["tie_word_embeddings"] = shapes.Tied,
        ["use_sliding_window"] = false,
        ["torch_dtype"] = "bfloat16",
    };

    private static void WriteTokenizer(ModelShapes shapes, string path)
    {
        using var stream = new FileStream(path, FileMode.Create);
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteStartArray("added_tokens");
        json.WriteEndArray();
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Whitespace");
        json.WriteEndObject();
        json.WriteStartObject("model");
        json.WriteString("type", "WordLevel");
        json.WriteString("unk_token", "w0");
        json.WriteStartObject("vocab");
        for (int id = 0; id < shapes.Vocabulary; id++) json.WriteNumber($"w{id}", id);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteWeights(ModelShapes shapes, string path)
    {
        var header = new JsonObject();
        long offset = 0;
        foreach ((string name, long[] shape) in shapes.Tensors())
        {
            long bytes = shape.Aggregate(2L, (product, dimension) => product * dimension);
            header[name] = new JsonObject { ["dtype"] = "BF16", ["shape"] = new JsonArray([.. shape.Select(d => JsonValue.Create(d))]), ["data_offsets"] = new JsonArray(offset, offset + bytes) };
            offset += bytes;
        }
        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString());
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        stream.Write(length);
        stream.Write(text);

        // Weights of variance 1 / inputs keep activations of ordinary size through all layers; one piece of random numbers is written over and over.
        var random = new Random(1);
        var units = new float[4 << 20];
        for (int i = 0; i < units.Length; i++) units[i] = (float)((random.NextDouble() - 0.5) * Math.Sqrt(12));
        var piece = new ushort[units.Length];
        foreach ((_, long[] shape) in shapes.Tensors())
        {
            float scale = shape.Length == 1 ? 0 : 1 / MathF.Sqrt(shape[1]);
            for (int i = 0; i < piece.Length; i++) piece[i] = (ushort)(BitConverter.SingleToUInt32Bits(shape.Length == 1 ? 1 : units[i] * scale) >> 16);
            for (long left = shape.Aggregate(1L, (product, dimension) => product * dimension); left > 0; left -= piece.Length)
                stream.Write(MemoryMarshal.AsBytes(piece.AsSpan(0, (int)Math.Min(left, piece.Length))));
        }
    }
}
