using System.Text.Json;
using System.Text.Unicode;

namespace Quire.Formats;

/// <summary>The JSON header as it stands: names, types, shapes and offsets, not yet compared with the file's size.</summary>
internal sealed class SafetensorsHeader
{
    private const string MetadataKey = "__metadata__";

    private readonly string file;

    private SafetensorsHeader(string file) => this.file = file;

    /// <param name="Begin">First byte, counted from the end of the header.</param>
    /// <param name="End">One past the last byte.</param>
    internal sealed record Entry(string Name, SafetensorsType Type, long[] Dimensions, long Begin, long End);

    public Dictionary<string, string> Metadata { get; } = [];

    public List<Entry> Tensors { get; } = [];

    /// <exception cref="QuireException">Not UTF-8, not JSON, or not of the format's structure.</exception>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json)) throw QuireException.BadFile(file, "the header is not UTF-8");
        var header = new SafetensorsHeader(file);
        try
        {
            // The reader's own depth limit (64) answers deeply nested headers.
            var reader = new Utf8JsonReader(json);
            header.ReadRoot(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw QuireException.BadFile(file, $"the header is not valid JSON: {e.Message}", e);
        }

        return header;
    }

    private void ReadRoot(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(reader, JsonTokenType.StartObject, "the header");
        bool metadataSeen = false;
        while (NextKey(ref reader) is { } name)
        {
            if (name != MetadataKey)
            {
                Tensors.Add(ReadTensor(ref reader, name));
                continue;
            }

            if (metadataSeen) throw QuireException.BadFile(file, $"{MetadataKey} appears twice in the header");
            metadataSeen = true;
            ReadMetadata(ref reader);
        }

        // Finds anything but white space after the closing brace.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(reader, JsonTokenType.StartObject, MetadataKey);
        while (NextKey(ref reader) is { } key)
        {
            Expect(reader, JsonTokenType.String, $"{MetadataKey}.{key}");
            Metadata[key] = reader.GetString()!;
        }
    }

    private Entry ReadTensor(ref Utf8JsonReader reader, string name)
    {
        Expect(reader, JsonTokenType.StartObject, $"tensor {name}");
        SafetensorsType? type = null;
        long[]? shape = null, offsets = null;
        while (NextKey(ref reader) is { } key)
        {
            switch (key)
            {
                case "dtype" when type is null:
                    Expect(reader, JsonTokenType.String, $"tensor {name}: dtype");
                    string typeName = reader.GetString()!;
                    type = SafetensorsType.Find(typeName) ?? throw QuireException.BadFile(file, $"tensor {name} has the unknown type {typeName}");
                    break;
                case "shape" when shape is null:
                    shape = ReadCounts(ref reader, $"tensor {name}: shape");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadCounts(ref reader, $"tensor {name}: data_offsets");
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw QuireException.BadFile(file, $"tensor {name}: {key} appears twice");
                default:
                    reader.Skip();
                    break;
            }
        }

        if (type is null) throw QuireException.BadFile(file, $"tensor {name} has no dtype");
        if (shape is null) throw QuireException.BadFile(file, $"tensor {name} has no shape");
        if (offsets is not [long begin, long end]) throw QuireException.BadFile(file, $"tensor {name} has no data_offsets of two numbers");
        return new Entry(name, type.Value, shape, begin, end);
    }

    private long[] ReadCounts(ref Utf8JsonReader reader, string what)
    {
        Expect(reader, JsonTokenType.StartArray, what);
        var counts = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(reader, JsonTokenType.Number, what);
            if (!reader.TryGetInt64(out long count) || count < 0)
                throw QuireException.BadFile(file, $"{what} must hold whole numbers from 0 to 2^63 - 1");
            counts.Add(count);
        }

        return [.. counts];
    }

    /// <summary>The next key of the object, with the reader on its value; null at the object's end.</summary>
    private static string? NextKey(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject) return null;
        string key = reader.GetString()!;
        reader.Read();
        return key;
    }

    private void Expect(in Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (reader.TokenType != type) throw QuireException.BadFile(file, $"{what} must be {Name(type)}, not {Name(reader.TokenType)}");
    }

    private static string Name(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.None => "empty",
        _ => type.ToString().ToLowerInvariant(),
    };
}
