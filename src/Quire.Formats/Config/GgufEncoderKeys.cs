using System.Text.Json;

namespace Quire.Formats;

/// <summary>What configurations of encoders say, and of what becomes of a text's rows.</summary>
internal sealed class GgufEncoderKeys(GgufFile file, GgufKeys keys, Utf8JsonWriter json)
{
    /// <summary>True where the file has a head for labels.</summary>
    public static bool HasLabels(GgufFile file) => file.Tensors.ContainsKey("cls.output.weight");

    public void Write()
    {
        // Of rerankers it says that there are labels, which the tensors say too.
        if (keys.OptionalCount("pooling_type") is { } pooling and not (0 or 4))
            json.WriteString("pooling_type", pooling switch { 1 => "mean", 2 => "cls", 3 => "last", _ => throw QuireException.BadFile(file.Path, $"{keys.Key("pooling_type")} is {pooling}; a number from 0 to 4 was expected") });
        switch (file.Architecture)
        {
            case "bert":
                keys.Number("layer_norm_eps", "attention.layer_norm_epsilon");
                json.WriteNumber("type_vocab_size", file.Tensors.TryGetValue("token_types.weight", out GgufTensor? types) ? types.Shape.Rows : 0);
                WriteLabels();
                break;
            case "modern-bert":
                keys.Number("norm_eps", "attention.layer_norm_epsilon");
                keys.Size("local_attention", "attention.sliding_window");
                keys.Count("global_attn_every_n_layers", "attention.sliding_window_pattern");
                // So llama.cpp pools where there are labels.
                json.WriteString("classifier_pooling", "mean");
                json.WriteBoolean("classifier_bias", file.Tensors.ContainsKey("cls.bias"));
                WriteLabels();
                break;
        }
    }

    private void WriteLabels()
    {
        if (!file.Tensors.TryGetValue("cls.output.weight", out GgufTensor? head)) return;
        string key = keys.Key("classifier.output_labels");
        string[]? labels = file.Metadata.OptionalArray(key)?.ToStrings();
        if (labels is not null && labels.Length != head.Shape.Rows) throw QuireException.BadFile(file.Path, $"{key} has {labels.Length} entries; {head} gives {head.Shape.Rows} numbers");
        if (labels is null)
        {
            json.WriteNumber("num_labels", head.Shape.Rows);
            return;
        }
        json.WriteStartObject("id2label");
        for (int id = 0; id < labels.Length; id++) json.WriteString(id.ToString(), labels[id]);
        json.WriteEndObject();
    }
}
