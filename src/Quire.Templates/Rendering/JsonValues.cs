using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Quire.Templates.Values;

namespace Quire.Templates.Rendering;

/// <summary>JSON as Python's <c>json.loads</c> reads it.</summary>
internal static class JsonValues
{
    public static Value Read(JsonElement element, int depth = 0)
    {
        if (depth > Limits.ValueDepth) throw Errors.Recursion();
        Run.EnsureStack();
        switch (element.ValueKind)
        {
            case JsonValueKind.String: return new StrValue(Text(element));
            case JsonValueKind.Number: return Number(element);
            case JsonValueKind.True: return BoolValue.True;
            case JsonValueKind.False: return BoolValue.False;
            case JsonValueKind.Array:
                var items = new Value[element.GetArrayLength()];
                int at = 0;
                foreach (JsonElement item in element.EnumerateArray()) items[at++] = Read(item, depth + 1);
                return new ListValue(items);
            case JsonValueKind.Object:
                var dict = new DictValue(element.GetPropertyCount());
                foreach (JsonProperty property in element.EnumerateObject()) dict.Put(new StrValue(property.Name), Read(property.Value, depth + 1));
                return dict;
            default: return NoneValue.Instance;
        }
    }

    private static string Text(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException inner)
        {
            // Half of a surrogate pair: JSON can spell it, UTF-8 cannot.
            throw new TemplateException(TemplateErrorKind.Runtime, "a string of the request holds half of a surrogate pair", inner: inner);
        }
    }

    private static NumberValue Number(JsonElement element)
    {
        if (element.TryGetInt32(out int small)) return IntValue.Of(small);
        string text = element.GetRawText();
        if (text.AsSpan().ContainsAny(".eE")) return new FloatValue(double.Parse(text, CultureInfo.InvariantCulture));
        if (text.Length > Limits.IntegerDigits) throw Errors.TooMuch($"{Limits.IntegerDigits} digits in an integer");
        return IntValue.Of(BigInteger.Parse(text, CultureInfo.InvariantCulture));
    }
}
