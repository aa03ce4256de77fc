using System.Text.Json;

namespace Quire.Tokenizers;

/// <summary>A JSON object of tokenizer.json; what is missing or of the wrong type is reported with the file and the place.</summary>
internal readonly struct JsonConfig
{
    private readonly JsonElement element;
    private readonly string file;
    private readonly string place;

    public JsonConfig(JsonElement element, string file, string place)
    {
        if (element.ValueKind != JsonValueKind.Object) throw QuireException.BadFile(file, $"{place} is not an object");
        this.element = element;
        this.file = file;
        this.place = place;
    }

    public string Type => Has("type") ? String("type") : "";

    public QuireException Bad(string what) => QuireException.BadFile(file, $"{place} {what}");

    public QuireException NotSupported(string what) => new(ErrorKind.NotSupported, $"{file}: {place}: {what} is not supported");

    /// <summary>The property is there and not null.</summary>
    public bool Has(string name) => element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public string String(string name) => OptionalString(name) ?? throw Bad($"has no {name}");

    public string? OptionalString(string name) => Has(name) ? Text(element.GetProperty(name), name) : null;

    public bool Bool(string name, bool otherwise) => !Has(name) ? otherwise : element.GetProperty(name) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Bad($"has a {name} that is neither true nor false"),
    };

    public int Int(string name) => Has(name) && element.GetProperty(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out int value)
        ? value
        : throw Bad($"has no {name} that is an integer");

    public double Number(string name, double otherwise) => !Has(name) ? otherwise
        : element.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : throw Bad($"has a {name} that is no number");

    public JsonConfig Object(string name) => Has(name) ? new JsonConfig(element.GetProperty(name), file, $"{place}.{name}") : throw Bad($"has no {name}");

    public JsonElement Array(string name) =>
        Has(name) && element.GetProperty(name) is { ValueKind: JsonValueKind.Array } array ? array : throw Bad($"has no {name} that is a list");

    public IEnumerable<JsonConfig> Objects(string name)
    {
        (string inFile, string inPlace) = (file, place);
        return Array(name).EnumerateArray().Select((item, i) => new JsonConfig(item, inFile, $"{inPlace}.{name}[{i}]"));
    }

    public IEnumerable<JsonProperty> Properties => element.EnumerateObject();

    public string Text(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String) throw Bad($"has a {name} that is no string");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            // Half a surrogate pair, which no text contains.
            throw QuireException.BadFile(file, $"{place} has a {name} that is not Unicode", error);
        }
    }

    /// <summary>The name of a property.</summary>
    public string Name(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException error)
        {
            throw QuireException.BadFile(file, $"{place} has a name that is not Unicode", error);
        }
    }
}
