using System.Text.Json;

namespace Quire.Formats;

/// <summary>
/// Copies values of a GGUF file's own architecture (<c>llama.block_count</c>, ...) to JSON under other names. An absent key writes nothing.
/// </summary>
internal sealed class GgufKeys(GgufFile file, Utf8JsonWriter json)
{
    private GgufMetadata Metadata => file.Metadata;

    public string Key(string name) => $"{file.Architecture}.{name}";

    public bool Has(string key) => Metadata.Has(Key(key));

    public int? OptionalCount(string key) => Metadata.OptionalCount(Key(key));

    /// <summary>A number, or null where it is absent or there is one per layer.</summary>
    public int? OptionalScalarCount(string key) => Metadata.TryGet(Key(key), out GgufValue? value) && value.Type == GgufValueType.Array ? null : OptionalCount(key);

    public double? OptionalNumber(string key) => Metadata.OptionalNumber(Key(key)) is not { } value ? null
        : Math.Abs(value) <= float.MaxValue ? value
        : throw QuireException.BadFile(file.Path, $"{Key(key)} is {value}; a number that float32 can hold was expected");

    /// <summary>A positive number that must be there.</summary>
    public int Positive(string key) => OptionalCount(key) switch
    {
        null => throw QuireException.BadFile(file.Path, $"the key {Key(key)} is missing"),
        0 => throw QuireException.BadFile(file.Path, $"{Key(key)} is 0; a positive number was expected"),
        int value => value,
    };

    /// <summary>Writes a positive number that must be there.</summary>
    public void Size(string name, string key) => json.WriteNumber(name, Positive(key));

    public void Count(string name, string key)
    {
        if (OptionalCount(key) is { } value) json.WriteNumber(name, value);
    }

    /// <summary>One number, or one per layer where layers differ.</summary>
    public void Counts(string name, string key)
    {
        if (!Metadata.TryGet(Key(key), out GgufValue? value)) return;
        if (value.Type != GgufValueType.Array)
        {
            Count(name, key);
            return;
        }

        long[] counts = value.AsArray().ToIntegers();
        // Some converters always write one per layer.
        if (counts.Length > 0 && Array.TrueForAll(counts, count => count == counts[0]))
        {
            json.WriteNumber(name, counts[0]);
            return;
        }
        json.WriteStartArray(name);
        foreach (long count in counts) json.WriteNumberValue(count);
        json.WriteEndArray();
    }

    public void Number(string name, string key)
    {
        if (OptionalNumber(key) is { } value) json.WriteNumber(name, value);
    }
}
