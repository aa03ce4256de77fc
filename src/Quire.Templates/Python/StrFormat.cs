using System.Text;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

/// <summary><c>str.format</c>; lookups inside the fields go through the sandbox like any other.</summary>
internal sealed class StrFormat(Run run, Arguments arguments, bool escapes)
{
    private int automatic;

    public static Value Apply(Run run, StrValue format, Arguments arguments) =>
        new StrValue(new StrFormat(run, arguments, format.IsMarkup).Expand(format.Content, 0), format.IsMarkup);

    private string Expand(string text, int depth)
    {
        if (depth > 2) throw Errors.Runtime("Max string recursion exceeded");
        run.ChargeText(text.Length);
        var result = new StringBuilder();
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (c is '{' or '}' && at + 1 < text.Length && text[at + 1] == c)
            {
                result.Append(c);
                at++;
            }
            else if (c == '}') throw Errors.Runtime("Single '}' encountered in format string");
            else if (c == '{')
            {
                int end = FieldEnd(text, at);
                string field = Field(text[(at + 1)..end], depth);
                run.ChargeText(field.Length);
                if (result.Append(field).Length > Limits.StringLength) throw Errors.TooMuch($"{Limits.StringLength} characters in one text");
                at = end;
            }
            else result.Append(c);
        }
        return result.ToString();
    }

    private static int FieldEnd(string text, int at)
    {
        int nesting = 0;
        for (; at < text.Length; at++)
            if (text[at] == '{') nesting++;
            else if (text[at] == '}' && --nesting == 0) return at;
        throw Errors.Runtime("expected '}' before end of string");
    }

    private string Field(string field, int depth)
    {
        int colon = OutsideBrackets(field, ':');
        string name = colon < 0 ? field : field[..colon];
        int bang = OutsideBrackets(name, '!');
        char conversion = bang >= 0 && bang + 2 == name.Length ? name[bang + 1] : bang < 0 ? '\0' : throw Errors.Runtime("expected ':' after conversion specifier");
        if (bang >= 0) name = name[..bang];
        Value value = Lookup(name);
        // After the lookup: fields inside the specification count on from this one.
        string spec = colon < 0 ? "" : Expand(field[(colon + 1)..], depth + 1);
        if (conversion is 'r' or 'a') value = Value.Of(PyRepr.Of(run, value));
        else if (conversion == 's') value = Value.Of(value.Text(run));
        else if (conversion != '\0') throw Errors.Runtime($"Unknown conversion specifier {conversion}");
        if (spec.Length == 0) return Html.Text(run, value, escapes);
        string text = FormatSpec.Parse(spec).Apply(run, value);
        return escapes ? Html.Escape(text) : text;
    }

    private static int OutsideBrackets(string text, char sought)
    {
        bool inside = false;
        for (int at = 0; at < text.Length; at++)
            if (text[at] == '[') inside = true;
            else if (text[at] == ']') inside = false;
            else if (!inside && text[at] == sought) return at;
        return -1;
    }

    private Value Lookup(string path)
    {
        int end = path.AsSpan().IndexOfAny('.', '[');
        string first = end < 0 ? path : path[..end];
        Value value = Argument(first);
        for (int at = first.Length; at < path.Length;)
        {
            if (path[at] == '.')
            {
                int next = path.AsSpan(at + 1).IndexOfAny('.', '[');
                string name = next < 0 ? path[(at + 1)..] : path.Substring(at + 1, next);
                if (name.Length == 0) throw Errors.Runtime("Empty attribute in format string");
                value = Members.Attribute(value, name);
                at += name.Length + 1;
                continue;
            }
            int close = path.IndexOf(']', at);
            if (path[at] != '[' || close < 0) throw Errors.Runtime("Missing ']' in format string");
            string key = path[(at + 1)..close];
            value = Members.Item(run, value, key.Length > 0 && key.All(char.IsAsciiDigit) ? IntValue.Of(NumberText.Integer(key, 10) ?? throw Errors.Runtime("Too many decimal digits in format string")) : Value.Of(key));
            at = close + 1;
        }
        return value;
    }

    private Value Argument(string name)
    {
        if (name.Length == 0) return Positional(automatic++);
        if (name.All(char.IsAsciiDigit)) return Positional(int.TryParse(name, out int index) ? index : int.MaxValue);
        return arguments.ByName(name) ?? throw Errors.Runtime($"KeyError: {PyRepr.Of(name)}");
    }

    private Value Positional(int index) =>
        index < arguments.Positional.Length ? arguments.Positional[index] : throw Errors.Runtime($"Replacement index {index} out of range for positional args tuple");
}
