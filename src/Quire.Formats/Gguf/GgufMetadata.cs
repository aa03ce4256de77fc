using System.Diagnostics.CodeAnalysis;

namespace Quire.Formats;

/// <summary>
/// The key-value pairs of a GGUF file. A key that is absent gives null; one of another type is an error that names file and key.
/// </summary>
public sealed class GgufMetadata
{
    private readonly Dictionary<string, GgufValue> values;
    private readonly List<string> keys;

    internal GgufMetadata(string file, List<GgufValue> pairs)
    {
        File = file;
        values = new Dictionary<string, GgufValue>(pairs.Count);
        keys = new List<string>(pairs.Count);
        foreach (GgufValue value in pairs)
        {
            if (!values.TryAdd(value.Key, value)) throw QuireException.BadFile(file, $"the key {value.Key} appears twice");
            keys.Add(value.Key);
        }
    }

    public string File { get; }

    /// <summary>In file order.</summary>
    public IReadOnlyList<string> Keys => keys;

    public bool Has(string key) => values.ContainsKey(key);

    public bool TryGet(string key, [NotNullWhen(true)] out GgufValue? value) => values.TryGetValue(key, out value);

    public long? OptionalInteger(string key) => values.GetValueOrDefault(key)?.AsInteger();

    /// <summary>A whole number from 0 to 2^31 - 1: sizes, counts, token ids.</summary>
    public int? OptionalCount(string key) => OptionalInteger(key) switch
    {
        null => null,
        >= 0 and <= int.MaxValue and long count => (int)count,
        long other => throw QuireException.BadFile(File, $"{key} is {other}; a number from 0 to {int.MaxValue} was expected"),
    };

    public double? OptionalNumber(string key) => values.GetValueOrDefault(key)?.AsNumber();

    public bool? OptionalBool(string key) => values.GetValueOrDefault(key)?.AsBool();

    public string? OptionalString(string key) => values.GetValueOrDefault(key)?.AsString();

    public GgufArray? OptionalArray(string key) => values.GetValueOrDefault(key)?.AsArray();
}
