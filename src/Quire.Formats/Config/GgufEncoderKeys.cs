using System.Text.Json;

namespace Quire.Formats;

/// <summary>What configurations say of encoders, and of what becomes of a text's rows.</summary>
internal sealed class GgufEncoderKeys(GgufFile file, GgufKeys keys, Utf8JsonWriter json)
{
    private const string Head = "cls.output.weight", Dense = "cls.weight", TokenTypes = "token_types.weight", TypeCount = "tokenizer.ggml.token_type_count";
    private const int Ranks = 4;

    /// <summary>True where the file has a head for labels.</summary>
    public static bool HasLabels(GgufFile file) => file.Tensors.ContainsKey(Head);

    public void Write()
    {
        if (LostHead() is { } sign) throw QuireException.BadFile(file.Path, $"is a classifier's by {sign}, and has no tensor {Head}");
        if (keys.OptionalCount("pooling_type") is { } pooling and not (0 or Ranks))
            json.WriteString("pooling_type", pooling switch { 1 => "mean", 2 => "cls", 3 => "last", _ => throw QuireException.BadFile(file.Path, $"{keys.Key("pooling_type")} is {pooling}; a number from 0 to 4 was expected") });
        switch (file.Architecture)
        {
            case "bert" when HasLabels(file) && !file.Tensors.ContainsKey(Dense):
                throw QuireException.BadFile(file.Path, $"has no tensor {Dense}: llama.cpp's converter leaves out the pooler of BERT's own classifiers, without which their numbers are others; take the model's safetensors files");
            case "bert":
                keys.Number("layer_norm_eps", "attention.layer_norm_epsilon");
                json.WriteNumber("type_vocab_size", KindsOfTokens());
                WriteLabels();
                break;
            case "qwen3":
                WriteLabels();
                break;
            case "modern-bert":
                keys.Number("norm_eps", "attention.layer_norm_epsilon");
                if (file.Metadata.OptionalString(keys.Key("hidden_activation")) is { } activation) json.WriteString("hidden_activation", activation);
                keys.Size("local_attention", "attention.sliding_window");
                keys.Count("global_attn_every_n_layers", "attention.sliding_window_pattern");
                // So llama.cpp pools where there are labels.
                json.WriteString("classifier_pooling", "mean");
                json.WriteBoolean("classifier_bias", file.Tensors.ContainsKey("cls.bias"));
                WriteLabels();
                break;
        }
    }

    // Without its head, a classifier's file would pass for an embedder's. Names of labels alone say nothing: embedders' files have them too, and ModernBERT's have the layer before a head of another kind.
    private string? LostHead() =>
        HasLabels(file) ? null
        : keys.OptionalCount("pooling_type") == Ranks ? keys.Key("pooling_type")
        : file.Tensors.ContainsKey(Dense) && (file.Architecture == "bert" || keys.Has("classifier.output_labels")) ? Dense
        : null;

    // Files of models that have no table of kinds say that there is one kind.
    private long KindsOfTokens()
    {
        int? stated = file.Metadata.OptionalCount(TypeCount);
        if (!file.Tensors.TryGetValue(TokenTypes, out GgufTensor? table))
            return stated is null or < 2 ? 0 : throw QuireException.BadFile(file.Path, $"{TypeCount} is {stated}, and there is no tensor {TokenTypes}");
        return stated is null || stated == table.Shape.Rows ? table.Shape.Rows : throw QuireException.BadFile(file.Path, $"{TypeCount} is {stated}; {table} has {table.Shape.Rows} rows");
    }

    private void WriteLabels()
    {
        if (!file.Tensors.TryGetValue(Head, out GgufTensor? head)) return;
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
