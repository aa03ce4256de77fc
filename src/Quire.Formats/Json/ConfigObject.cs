using System.Text.Json;

namespace Quire.Formats;

/// <summary>
/// A JSON object read by typed names. A value that is null counts as absent; one of another type or out of range is an error that names
/// file and key.
/// </summary>
public class ConfigObject
{
    private readonly JsonElement[] layers;
    private readonly string prefix;

    /// <param name="file">For messages.</param>
    /// <param name="path">The object's place in the file, empty for the root.</param>
    /// <param name="layers">Objects to look a name up in, the first that has it wins.</param>
    internal ConfigObject(string file, string path, params JsonElement[] layers)
    {
        File = file;
        prefix = path.Length == 0 ? "" : path + ".";
        this.layers = layers;
    }

    public string File { get; }

    /// <summary>The object at the root of a JSON file.</summary>
    /// <exception cref="QuireException">Absent, unreadable, or not a JSON object.</exception>
    public static ConfigObject ReadFile(string path) => new(path, "", JsonFile.ReadObject(path));

    /// <summary>The value as JSON, or null where it is absent or null.</summary>
    public JsonElement? Element(string name)
    {
        foreach (JsonElement layer in layers)
            if (layer.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null) return value;
        return null;
    }

    /// <summary>Every name of the object, also of values that are null.</summary>
    /// <exception cref="QuireException">A name is not valid Unicode.</exception>
    public IReadOnlyList<string> Names()
    {
        try
        {
            return [.. layers.SelectMany(layer => layer.EnumerateObject()).Select(property => property.Name).Distinct()];
        }
        catch (InvalidOperationException e)
        {
            throw QuireException.BadFile(File, $"{prefix}* has a name that is not valid Unicode", e);
        }
    }

    public bool Has(string name) => Element(name) is not null;

    /// <summary>A whole number, also where it is spelled as <c>32.0</c>.</summary>
    /// <param name="minimum">Smallest allowed value: 1 for sizes, -1 where files say "none" so.</param>
    public int? OptionalInt(string name, int minimum = 0) => Element(name) is { } value ? ToInt(name, value, minimum) : null;

    /// <inheritdoc cref="OptionalInt"/>
    public int Int(string name, int minimum = 0) => OptionalInt(name, minimum) ?? throw Missing(name, "a whole number");

    /// <summary>A finite number.</summary>
    public double? OptionalDouble(string name) => Element(name) is { } value ? ToDouble(name, value) : null;

    /// <inheritdoc cref="OptionalDouble"/>
    public double Double(string name) => OptionalDouble(name) ?? throw Missing(name, "a number");

    public bool? OptionalBool(string name) => Element(name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, Element(name)!.Value, "true or false"),
    };

    public bool Bool(string name) => OptionalBool(name) ?? throw Missing(name, "true or false");

    public string? OptionalString(string name) => Element(name) is { } value ? ToText(name, value) : null;

    public string String(string name) => OptionalString(name) ?? throw Missing(name, "a string");

    /// <summary>A list of whole numbers; a single one counts as a list of one.</summary>
    public IReadOnlyList<int>? OptionalInts(string name, int minimum = 0) => Element(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } one => [ToInt(name, one, minimum)],
        { } list => List(name, list, "a list of whole numbers", item => ToInt(name, item, minimum)),
    };

    /// <inheritdoc cref="OptionalInts"/>
    public IReadOnlyList<int> Ints(string name, int minimum = 0) => OptionalInts(name, minimum) ?? throw Missing(name, "a list of whole numbers");

    public IReadOnlyList<double>? OptionalDoubles(string name) =>
        Element(name) is { } list ? List(name, list, "a list of numbers", item => ToDouble(name, item)) : null;

    public IReadOnlyList<bool>? OptionalBools(string name) =>
        Element(name) is { } list ? List(name, list, "a list of true and false", item => item.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? item.GetBoolean()
            : throw Wrong(name, item, "true or false")) : null;

    public IReadOnlyList<string>? OptionalStrings(string name) =>
        Element(name) is { } list ? List(name, list, "a list of strings", item => ToText(name, item)) : null;

    /// <summary>A list of strings; a single one counts as a list of one.</summary>
    public IReadOnlyList<string>? OptionalStringOrList(string name) =>
        Element(name) is { ValueKind: JsonValueKind.String } one ? [one.GetString()!] : OptionalStrings(name);

    /// <summary>A nested object.</summary>
    public ConfigObject? OptionalObject(string name) => Element(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new ConfigObject(File, prefix + name, value),
        { } other => throw Wrong(name, other, "an object"),
    };

    /// <summary>An error about <paramref name="name"/>, for readers that know more about it than its type.</summary>
    public QuireException Bad(string name, string what) => QuireException.BadFile(File, $"{prefix}{name} {what}");

    private T[] List<T>(string name, JsonElement list, string expected, Func<JsonElement, T> convert)
    {
        if (list.ValueKind != JsonValueKind.Array) throw Wrong(name, list, expected);
        var items = new T[list.GetArrayLength()];
        int i = 0;
        foreach (JsonElement item in list.EnumerateArray()) items[i++] = convert(item);
        return items;
    }

    private int ToInt(string name, JsonElement value, int minimum)
    {
        if (value.ValueKind != JsonValueKind.Number) throw Wrong(name, value, "a whole number");
        if (!value.TryGetInt64(out long number))
        {
            double real = ToDouble(name, value);
            if (real != Math.Floor(real) || Math.Abs(real) > 1L << 53) throw Wrong(name, value, "a whole number");
            number = (long)real;
        }

        return number >= minimum && number <= int.MaxValue
            ? (int)number
            : throw Bad(name, $"is {number}; a whole number from {minimum} to {int.MaxValue} was expected");
    }

    private double ToDouble(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Wrong(name, value, "a finite number");

    private string ToText(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) throw Wrong(name, value, "a string");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            // Half a surrogate pair, or bytes that are not UTF-8.
            throw QuireException.BadFile(File, $"{prefix}{name} is not valid Unicode", e);
        }
    }

    private QuireException Missing(string name, string expected) => Bad(name, $"is missing; {expected} was expected");

    private QuireException Wrong(string name, JsonElement value, string expected)
    {
        string text = value.GetRawText();
        return Bad(name, $"is {(text.Length <= 40 ? text : text[..40] + "...")}; {expected} was expected");
    }
}
