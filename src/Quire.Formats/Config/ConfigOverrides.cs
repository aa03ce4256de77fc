using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Quire.Formats;

/// <summary><c>--hf-overrides</c>: an object that is merged over a model's configuration before anything reads it.</summary>
/// <remarks>Objects merge key by key, at any depth; every other value replaces, and null takes a key away. What stands in <c>text_config</c> wins over the root,
/// so a key of the root that <c>text_config</c> has too is changed there as well: an override never goes unheard.</remarks>
public sealed class ConfigOverrides
{
    private const string Flag = "--hf-overrides", Text = "text_config";

    // Where a configuration has the second name, the first is not read.
    private static readonly (string Key, string Newer)[] hidden =
    [
        ("rope_scaling", "rope_parameters"), ("rope_theta", "rope_parameters"), ("rope_local_base_freq", "rope_parameters"), ("torch_dtype", "dtype"), ("num_labels", "id2label"),
        ("sliding_window_pattern", "layer_types"), ("_sliding_window_pattern", "layer_types"),
    ];

    // Of these the root's counts, and not text_config's.
    private static readonly string[] ofRoot = ["eos_token_id", "dtype", "torch_dtype", "quantization_config"];

    private readonly JsonElement changes;

    private ConfigOverrides(JsonElement changes) => this.changes = changes;

    /// <summary>Reads the flag's value.</summary>
    /// <exception cref="QuireException">It is no JSON, or no object.</exception>
    public static ConfigOverrides Parse(string json)
    {
        try
        {
            return new ConfigOverrides(JsonFile.ParseObject(Flag, Encoding.UTF8.GetBytes(json)));
        }
        catch (QuireException e)
        {
            throw new QuireException(ErrorKind.InvalidRequest, $"{e.Message.TrimEnd('.')}. Give a JSON object, in single quotes for the shell: {Flag} '{{\"rope_theta\": 1000000}}'.", param: "hf-overrides", inner: e);
        }
    }

    /// <summary>The file's name in messages about the configuration, which is no longer the file's alone.</summary>
    internal static string Describe(string file, ConfigOverrides? overrides) => overrides is null ? file : $"{file} with {Flag}";

    /// <summary>The configuration with the changes made.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="root">What is changed, an object.</param>
    /// <exception cref="QuireException">A change would not be read, or a name is not valid Unicode.</exception>
    public JsonElement ApplyTo(string file, JsonElement root)
    {
        var buffer = new ArrayBufferWriter<byte>();
        try
        {
            using var json = new Utf8JsonWriter(buffer);
            Merge(json, root, changes, default, isRoot: true);
        }
        catch (InvalidOperationException e)
        {
            throw QuireException.BadFile(file, $"has text that is not valid Unicode, or {Flag} has", e);
        }
        JsonElement merged = JsonFile.ParseObject(file, buffer.WrittenMemory);
        RefuseHidden(file, merged, changes);
        if (Find(merged, Text) is { ValueKind: JsonValueKind.Object } text)
        {
            RefuseHidden(file, text, changes);
            if (Find(changes, Text) is { ValueKind: JsonValueKind.Object } inner)
            {
                RefuseHidden(file, text, inner);
                if (ofRoot.FirstOrDefault(key => Find(inner, key) is not null && Find(changes, key) is null && Find(merged, key) is { ValueKind: not JsonValueKind.Null }) is { } outer)
                    throw new QuireException(ErrorKind.InvalidRequest, $"{Flag}: {outer} is not read in {Text} where it stands beside it, as in {file}; change it there.", param: "hf-overrides");
            }
        }
        return merged;
    }

    // What is inherited comes from the root, and changes only what is there.
    private void Merge(Utf8JsonWriter json, JsonElement own, JsonElement change, JsonElement inherited, bool isRoot = false)
    {
        json.WriteStartObject();
        foreach (JsonProperty property in own.EnumerateObject())
        {
            json.WritePropertyName(property.Name);
            bool isText = isRoot && property.Name == Text && property.Value.ValueKind == JsonValueKind.Object;
            JsonElement? value = Find(change, property.Name) ?? Find(inherited, property.Name);
            if (isText && value is not { ValueKind: not JsonValueKind.Object }) Merge(json, property.Value, value ?? default, changes);
            else if (value is null) property.Value.WriteTo(json);
            else if (value is { ValueKind: JsonValueKind.Object } nested && property.Value.ValueKind == JsonValueKind.Object) Merge(json, property.Value, nested, default);
            else value.Value.WriteTo(json);
        }
        if (change.ValueKind == JsonValueKind.Object)
            foreach (JsonProperty added in change.EnumerateObject())
                if (Find(own, added.Name) is null) added.WriteTo(json);
        json.WriteEndObject();
    }

    private static void RefuseHidden(string file, JsonElement merged, JsonElement changed)
    {
        foreach ((string key, string newer) in hidden)
            if (Find(changed, key) is { ValueKind: not JsonValueKind.Null } && Find(changed, newer) is null && Find(merged, newer) is { ValueKind: not JsonValueKind.Null })
                throw new QuireException(ErrorKind.InvalidRequest, $"{Flag}: {key} is not read where there is {newer}, as in {file}; change {newer} instead.", param: "hf-overrides");
    }

    private static JsonElement? Find(JsonElement from, string name) => from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out JsonElement value) ? value : null;
}
