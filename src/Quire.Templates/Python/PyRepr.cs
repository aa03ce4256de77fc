using System.Text;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

/// <summary>Python's <c>repr</c>.</summary>
internal static class PyRepr
{
    /// <summary>The repr of a string: single quotes unless the text holds single quotes alone.</summary>
    public static string Of(string text)
    {
        var builder = new StringBuilder(text.Length + 2);
        Append(builder, text);
        return builder.ToString();
    }

    /// <summary>The repr of a value; its size is charged to the run.</summary>
    public static string Of(Run run, Value value)
    {
        var writer = new ReprWriter(run);
        writer.Write(value);
        return writer.ToString();
    }

    public static void Append(StringBuilder builder, string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        builder.Append(quote);
        foreach (int code in PyChar.CodePoints(text))
        {
            if (code == quote || code == '\\') builder.Append('\\').Append((char)code);
            else if (PyChar.IsPrintable(code)) PyChar.AppendCodePoint(builder, code);
            else if (code == '\n') builder.Append("\\n");
            else if (code == '\r') builder.Append("\\r");
            else if (code == '\t') builder.Append("\\t");
            else if (code <= 0xFF) builder.Append("\\x").Append(code.ToString("x2"));
            else if (code <= 0xFFFF) builder.Append("\\u").Append(code.ToString("x4"));
            else builder.Append("\\U").Append(code.ToString("x8"));
        }
        builder.Append(quote);
    }
}

/// <summary>Writes the repr of nested values, bounded by the run's budget and in depth.</summary>
internal sealed class ReprWriter(Run run)
{
    private readonly StringBuilder text = new();
    private int depth;

    public override string ToString() => text.ToString();

    public void Write(Value value)
    {
        int before = text.Length;
        if (value is StrValue str)
        {
            if (str.IsMarkup) text.Append("Markup(");
            PyRepr.Append(text, str.Content);
            if (str.IsMarkup) text.Append(')');
        }
        else
        {
            // A namespace can hold itself; all other values are finite.
            if (++depth > Limits.ValueDepth) throw Errors.Recursion();
            Run.EnsureStack();
            value.Repr(this);
            depth--;
        }
        run.ChargeText(Math.Max(0, text.Length - before) + 1);
    }

    public ReprWriter Raw(string piece)
    {
        text.Append(piece);
        return this;
    }

    public ReprWriter Items(string open, IEnumerable<Value> items, string close)
    {
        text.Append(open);
        bool first = true;
        foreach (Value item in items)
        {
            if (!first) text.Append(", ");
            first = false;
            Write(item);
        }
        text.Append(close);
        return this;
    }

    public ReprWriter Pairs(string open, IEnumerable<KeyValuePair<Value, Value>> pairs, string close, string opener = "", string separator = ": ", string closer = "")
    {
        text.Append(open);
        bool first = true;
        foreach ((Value key, Value value) in pairs)
        {
            if (!first) text.Append(", ");
            first = false;
            text.Append(opener);
            Write(key);
            text.Append(separator);
            Write(value);
            text.Append(closer);
        }
        text.Append(close);
        return this;
    }
}
