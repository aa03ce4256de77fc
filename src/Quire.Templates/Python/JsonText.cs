using System.Globalization;
using System.Text;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

/// <summary>Python's <c>json.dumps</c>, with its separators, float digits and key conversions.</summary>
internal sealed class JsonText(Run run, bool ensureAscii, string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    private readonly StringBuilder text = new();

    public string Write(Value value)
    {
        Write(value, 0);
        return text.ToString();
    }

    private void Write(Value value, int depth)
    {
        run.Charge(1);
        Run.EnsureStack();
        switch (value)
        {
            case StrValue str: String(str.Content); break;
            case NoneValue: text.Append("null"); break;
            case BoolValue flag: text.Append(flag.Value ? "true" : "false"); break;
            case IntValue number: text.Append(number.Digits); break;
            case FloatValue number: text.Append(Float(number.Number)); break;
            case DictValue dict: Dict(dict, depth); break;
            case SequenceValue sequence: List(sequence.Elements, depth); break;
            default: throw Errors.Runtime($"Object of type {value.TypeName} is not JSON serializable");
        }
        if (text.Length > Limits.StringLength) throw Errors.TooMuch($"{Limits.StringLength} characters in one text");
    }

    private static string Float(double number) => double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : PyFloat.Repr(number);

    private void List(Value[] items, int depth)
    {
        if (items.Length == 0)
        {
            text.Append("[]");
            return;
        }
        text.Append('[');
        for (int i = 0; i < items.Length; i++)
        {
            if (i > 0) text.Append(itemSeparator);
            NewLine(depth + 1);
            Write(items[i], depth + 1);
        }
        NewLine(depth);
        text.Append(']');
    }

    private void Dict(DictValue dict, int depth)
    {
        if (!dict.IsTrue)
        {
            text.Append("{}");
            return;
        }
        text.Append('{');
        bool first = true;
        IEnumerable<KeyValuePair<Value, Value>> entries = sortKeys ? Library.Sorting.Sorted(run, dict.Entries, entry => entry.Key, reverse: false) : dict.Entries;
        foreach ((Value key, Value value) in entries)
        {
            if (!first) text.Append(itemSeparator);
            first = false;
            NewLine(depth + 1);
            String(Key(key));
            text.Append(keySeparator);
            Write(value, depth + 1);
        }
        NewLine(depth);
        text.Append('}');
    }

    private static string Key(Value key) => key switch
    {
        StrValue str => str.Content,
        NoneValue => "null",
        BoolValue flag => flag.Value ? "true" : "false",
        IntValue number => number.Digits,
        FloatValue number => Float(number.Number),
        _ => throw Errors.Runtime($"keys must be str, int, float, bool or None, not {key.TypeName}"),
    };

    private void NewLine(int depth)
    {
        if (indent is null) return;
        run.ChargeText(1 + (long)indent.Length * depth);
        text.Append('\n');
        for (int i = 0; i < depth; i++) text.Append(indent);
    }

    private void String(string value)
    {
        run.ChargeText(value.Length + 2);
        text.Append('"');
        int plain = 0;
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (c is not ('"' or '\\') && c >= ' ' && (c < 0x7F || !ensureAscii)) continue;
            text.Append(value, plain, i - plain);
            plain = i + 1;
            text.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\f' => "\\f",
                '\b' => "\\b",
                _ => "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture),
            });
        }
        text.Append(value, plain, value.Length - plain).Append('"');
    }
}
