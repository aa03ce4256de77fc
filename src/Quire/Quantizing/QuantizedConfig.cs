using System.Text.Json.Nodes;
using Quire.Formats;

namespace Quire;

/// <summary>The configuration that says how a written checkpoint is quantised, as compressed-tensors spells it.</summary>
internal static class QuantizedConfig
{
    /// <param name="modules">Group size of each quantised module, by name.</param>
    /// <param name="ignored">Names of linear modules that stay as they are.</param>
    public static JsonObject Of(RoundedFormat format, IReadOnlyDictionary<string, int> modules, IEnumerable<string> ignored)
    {
        var groups = new JsonObject();
        int[] sizes = [.. modules.Values.Distinct().Order()];
        bool hasGroups = format == RoundedFormat.Int4;
        if (!hasGroups) groups["group_0"] = Group(format, null, ["Linear"]);
        else if (sizes.Length == 1) groups["group_0"] = Group(format, sizes[0], ["Linear"]);
        else
            for (int i = 0; i < sizes.Length; i++) groups[$"group_{i}"] = Group(format, sizes[i], modules.Where(module => module.Value == sizes[i]).Select(module => module.Key));
        return new JsonObject
        {
            ["quant_method"] = "compressed-tensors",
            ["quantization_status"] = "compressed",
            ["format"] = format switch { RoundedFormat.Int4 => "pack-quantized", RoundedFormat.Int8 => "int-quantized", _ => "float-quantized" },
            ["config_groups"] = groups,
            ["ignore"] = new JsonArray([.. ignored.Order(StringComparer.Ordinal).Select(name => JsonValue.Create(name))]),
            ["kv_cache_scheme"] = null,
        };
    }

    private static JsonObject Group(RoundedFormat format, int? groupSize, IEnumerable<string> targets) => new()
    {
        ["targets"] = new JsonArray([.. targets.Select(target => JsonValue.Create(target))]),
        ["weights"] = Numbers(format, groupSize is null ? "channel" : "group", groupSize, isDynamic: false),
        ["input_activations"] = format == RoundedFormat.Int4 ? null : Numbers(format, "token", null, isDynamic: true),
        ["output_activations"] = null,
    };

    private static JsonObject Numbers(RoundedFormat format, string strategy, int? groupSize, bool isDynamic) => new()
    {
        ["num_bits"] = format == RoundedFormat.Int4 ? 4 : 8,
        ["type"] = format == RoundedFormat.Fp8 ? "float" : "int",
        ["strategy"] = strategy,
        ["group_size"] = groupSize,
        ["symmetric"] = true,
        ["dynamic"] = isDynamic,
    };
}
