using System.Text.Json;

namespace Quire.Formats;

/// <summary>A model's configuration under the key names of Hugging Face's <c>config.json</c>, whichever file it came from.</summary>
/// <remarks>Keys inside <c>text_config</c> are found as if they stood at the root, and win over the root's.</remarks>
public sealed class ModelConfig : ConfigObject
{
    private readonly ConfigObject root;

    private ModelConfig(string file, JsonElement root, params JsonElement[] layers)
        : base(file, "", layers)
    {
        this.root = new ConfigObject(file, "", root);
        ModelType = this.root.OptionalString("model_type") ?? "";
        Architectures = this.root.OptionalStrings("architectures") ?? OptionalStrings("architectures") ?? [];
        RopeByLayerType = RopeReader.ByLayerType(this);
        Rope = RopeReader.Main(this, RopeByLayerType);
        LayerTypes = OptionalStrings("layer_types");
    }

    /// <summary>The root's <c>model_type</c>, empty where it has none.</summary>
    public string ModelType { get; }

    /// <summary>Class names such as <c>LlamaForCausalLM</c>, possibly none.</summary>
    public IReadOnlyList<string> Architectures { get; }

    /// <summary>The rotary embedding of all layers, or of the <c>full_attention</c> ones where layer types differ.</summary>
    public RopeConfig Rope { get; }

    /// <summary>One rotary embedding per layer type where the file spells several, else empty.</summary>
    public IReadOnlyDictionary<string, RopeConfig> RopeByLayerType { get; }

    /// <summary>One name per layer, such as <c>full_attention</c> and <c>sliding_attention</c>; null where the file does not say.</summary>
    public IReadOnlyList<string>? LayerTypes { get; }

    /// <summary>The checkpoint's declared number format, such as <c>bfloat16</c>.</summary>
    public string? DType
    {
        get
        {
            // The root's: a nested text_config repeats the class default.
            string? name = root.OptionalString("dtype") ?? root.OptionalString("torch_dtype") ?? OptionalString("dtype") ?? OptionalString("torch_dtype");
            return name?.StartsWith("torch.", StringComparison.Ordinal) == true ? name["torch.".Length..] : name;
        }
    }

    /// <summary>Ids that end a text; the root's where a nested text_config has others.</summary>
    public IReadOnlyList<int> EosTokenIds => root.OptionalInts("eos_token_id", -1) ?? OptionalInts("eos_token_id", -1) ?? [];

    /// <summary>How the weights are quantised: an object that the quantisation schemes read; null where the file has none.</summary>
    public ConfigObject? Quantization => root.OptionalObject("quantization_config") ?? OptionalObject("quantization_config") ?? root.OptionalObject("compression_config");

    /// <summary>
    /// True where rows of the query and key weights are stored so that rope rotates neighbours (2i, 2i + 1) of a head, not halves.
    /// </summary>
    public bool RopeInterleavedRows { get; private init; }

    /// <summary>True where norms that multiply by (1 + weight) are stored with the one already added.</summary>
    public bool NormWeightsIncludeOne { get; private init; }

    /// <summary>True where some of it is not the file's, but <see cref="ConfigOverrides"/>'.</summary>
    public bool IsOverridden { get; private init; }

    /// <summary>True where this came from GGUF metadata, so that tensors have GGUF's names.</summary>
    public bool IsGguf { get; private init; }

    /// <param name="overrides">What is changed before it is read; null for nothing.</param>
    /// <exception cref="QuireException">Absent, unreadable, not a JSON object, or with values that make no sense.</exception>
    public static ModelConfig Read(string path, ConfigOverrides? overrides = null) => From(path, JsonFile.ReadObject(path), overrides);

    /// <summary>The same from memory.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="json">UTF-8.</param>
    /// <param name="overrides">What is changed before it is read; null for nothing.</param>
    public static ModelConfig Parse(string file, ReadOnlyMemory<byte> json, ConfigOverrides? overrides = null) => From(file, JsonFile.ParseObject(file, json), overrides);

    /// <summary>The same keys from a GGUF file's metadata.</summary>
    /// <param name="overrides">What is changed before they are read; null for nothing.</param>
    /// <exception cref="QuireException">The architecture is not supported, or a key is missing or makes no sense.</exception>
    public static ModelConfig FromGguf(GgufFile file, ConfigOverrides? overrides = null)
    {
        JsonElement root = JsonFile.ParseObject(file.Path, GgufConfigTranslator.ToJson(file));
        if (overrides is not null) root = overrides.ApplyTo(file.Path, root);
        GgufArchitecture architecture = GgufArchitecture.Of(file);
        return new ModelConfig(ConfigOverrides.Describe(file.Path, overrides), root, root)
        {
            IsGguf = true,
            IsOverridden = overrides is not null,
            RopeInterleavedRows = architecture.InterleavedRows,
            NormWeightsIncludeOne = architecture.NormsIncludeOne,
        };
    }

    private static ModelConfig From(string file, JsonElement root, ConfigOverrides? overrides)
    {
        if (overrides is not null) root = overrides.ApplyTo(file, root);
        file = ConfigOverrides.Describe(file, overrides);
        var outer = new ConfigObject(file, "", root);
        return outer.OptionalObject("text_config") is null
            ? new ModelConfig(file, root, root) { IsOverridden = overrides is not null }
            : new ModelConfig(file, root, outer.Element("text_config")!.Value, root) { IsOverridden = overrides is not null };
    }
}
