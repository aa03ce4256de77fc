using Quire.Tensors;

namespace Quire.Formats;

/// <summary>compressed-tensors (llm-compressor): groups of modules, each with its own format of weights and activations.</summary>
internal sealed class CompressedTensorsScheme : QuantizationScheme
{
    private readonly ConfigObject config;
    private readonly List<CompressedTensorsGroup> groups = [];
    private readonly IReadOnlyList<string> ignored;

    public CompressedTensorsScheme(ConfigObject config)
    {
        this.config = config;
        string? format = config.OptionalString("format");
        ConfigObject listed = config.OptionalObject("config_groups") ?? throw config.Bad("config_groups", "is missing");
        foreach (string name in listed.Names())
            groups.Add(new CompressedTensorsGroup(listed.OptionalObject(name) ?? throw listed.Bad(name, "is null; an object was expected"), format));
        ignored = config.OptionalStrings("ignore") ?? [];
        if (config.OptionalObject("sparsity_config")?.OptionalString("format") is { } sparsity && sparsity != "dense")
            throw config.Bad("sparsity_config", $"has the format {sparsity}; dense weights are supported");
        if (config.OptionalObject("transform_config")?.OptionalObject("config_groups")?.Names() is { Count: > 0 } transforms)
            throw config.Bad("transform_config", $"asks for transforms ({string.Join(", ", transforms)}), which are not supported");
        if (config.OptionalObject("kv_cache_scheme") is not { } kv) return;
        if (kv.Int("num_bits") != 8 || kv.String("type") != "float" || kv.OptionalString("strategy") is not (null or "tensor") || kv.Element("dynamic")?.ValueKind == System.Text.Json.JsonValueKind.True)
            throw config.Bad("kv_cache_scheme", "is not static float8 with one scale; that is supported");
        HasFloat8Kv = true;
    }

    public override string Name => "compressed-tensors";

    public override string Description => $"compressed-tensors, {string.Join(" and ", groups.Select(group => group.Description).Distinct())}";

    public override bool HasFloat8Kv { get; }

    public override bool RoundsInputsToInt8 => groups.Any(group => group.RoundsInputsToInt8);

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs)
    {
        if (ignored.Any(pattern => Matches("ignore", pattern, module.Name))) return null;
        // Names and patterns are more exact than a class of modules.
        CompressedTensorsGroup? group = groups.FirstOrDefault(g => g.Targets.Any(target => target != "Linear" && Matches("targets", target, module.Name)))
            ?? groups.FirstOrDefault(g => g.Targets.Contains("Linear"));
        return group?.Open(module, outputs, inputs);
    }

    private bool Matches(string key, string pattern, string name) => pattern.StartsWith("re:", StringComparison.Ordinal)
        ? ModulePatterns.MatchesRegex(config, key, pattern[3..], name)
        : pattern == name;
}
