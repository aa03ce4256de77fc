using System.Globalization;
using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>Typed reading of a request's fields. Null counts as absent; a wrong type is a schema error that names the field; unknown fields are nobody's business.</summary>
public readonly struct Fields(JsonElement body, string path = "body")
{
    public JsonElement? Element(string name) => body.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Fields of the object, of whatever name.</summary>
    public int Count => body.GetPropertyCount();

    public bool Has(string name) => Element(name) is not null;

    public string? Text(string name) => Element(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        _ => throw ApiException.Schema(Path(name), "string_type", "Input should be a valid string"),
    };

    /// <summary>A number; numerals in strings and non-finite names are read too, as pydantic does.</summary>
    public double? Number(string name) => Element(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value => value.GetDouble(),
        { ValueKind: JsonValueKind.True } => 1,
        { ValueKind: JsonValueKind.False } => 0,
        { ValueKind: JsonValueKind.String } value when NonFinite(value.GetString()!) is { } special => special,
        { ValueKind: JsonValueKind.String } value when double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
        _ => throw ApiException.Schema(Path(name), "float_parsing", "Input should be a valid number, unable to parse string as a number"),
    };

    public long? Integer(string name) => Element(name) is { } value ? Integer(value, Path(name)) : null;

    public int? Int(string name) => Integer(name) is { } value ? (int)Math.Clamp(value, int.MinValue, int.MaxValue) : null;

    public bool? Flag(string name) => Element(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int number) && number is 0 or 1 => value.GetInt32() == 1,
        { ValueKind: JsonValueKind.String } value when value.GetString()!.ToUpperInvariant() is "TRUE" or "1" or "YES" or "ON" => true,
        { ValueKind: JsonValueKind.String } value when value.GetString()!.ToUpperInvariant() is "FALSE" or "0" or "NO" or "OFF" => false,
        _ => throw ApiException.Schema(Path(name), "bool_parsing", "Input should be a valid boolean, unable to interpret input"),
    };

    public int[]? Integers(string name) => Element(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } value => Integers(value, Path(name)),
        _ => throw ApiException.Schema(Path(name), "list_type", "Input should be a valid list"),
    };

    /// <summary>A string, or a list of them.</summary>
    public IReadOnlyList<string>? TextOrList(string name, int limit = int.MaxValue)
    {
        string path = Path(name);
        switch (Element(name))
        {
            case null: return null;
            case { ValueKind: JsonValueKind.String } value: return [value.GetString()!];
            case { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() <= limit:
                return [.. list.EnumerateArray().Select((item, i) => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw ApiException.Schema($"{path}.{i}", "string_type", "Input should be a valid string"))];
            case { ValueKind: JsonValueKind.Array }: throw ApiException.Schema(path, "too_long", $"List should have at most {limit} items");
            default: throw ApiException.Schema(path, "string_type", "Input should be a valid string");
        }
    }

    public Fields? Object(string name) => Element(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new Fields(value, Path(name)),
        _ => throw ApiException.Schema(Path(name), "dict_type", "Input should be a valid dictionary"),
    };

    public JsonElement.ObjectEnumerator Properties() => body.EnumerateObject();

    internal static int[] Integers(JsonElement list, string path) => [.. list.EnumerateArray().Select((item, i) => (int)Math.Clamp(Integer(item, $"{path}.{i}"), int.MinValue, int.MaxValue))];

    private string Path(string name) => $"{path}.{name}";

    private static double? NonFinite(string name) => name switch { "NaN" => double.NaN, "Infinity" => double.PositiveInfinity, "-Infinity" => double.NegativeInfinity, _ => null };

    private static long Integer(JsonElement value, string path) => value switch
    {
        { ValueKind: JsonValueKind.Number } when value.TryGetInt64(out long number) => number,
        { ValueKind: JsonValueKind.Number } when value.GetDouble() is var real && real == Math.Floor(real) =>
            Math.Abs(real) < 9e18 ? (long)real : throw ApiException.Schema(path, real > 0 ? "less_than_equal" : "greater_than_equal", "Input should be a 64-bit integer"),
        { ValueKind: JsonValueKind.Number } => throw ApiException.Schema(path, "int_from_float", "Input should be a valid integer, got a number with a fractional part"),
        { ValueKind: JsonValueKind.True } => 1,
        { ValueKind: JsonValueKind.False } => 0,
        { ValueKind: JsonValueKind.String } when long.TryParse(value.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => number,
        _ => throw ApiException.Schema(path, "int_parsing", "Input should be a valid integer, unable to parse string as an integer"),
    };
}
