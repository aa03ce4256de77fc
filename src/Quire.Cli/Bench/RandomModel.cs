using System.Text.Json;
using System.Text.Json.Nodes;
using Quire.Formats;
using Quire.Tensors;

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
        var weights = new RandomWeights();
        SafetensorsWriter.Write(path, [.. shapes.Tensors().Select(tensor =>
        {
            var shape = new Shape(tensor.Shape);
            return new SafetensorsPart(tensor.Name, "BF16", shape, shape.Count * sizeof(ushort), stream => weights.Write(stream, tensor.Shape, GgmlType.BF16));
        })]);
    }
}
