using Quire.Templates.Python;

namespace Quire.Templates.Syntax;

/// <summary>Splits a template into tokens, with <c>trim_blocks</c> and <c>lstrip_blocks</c> on: the environment chat templates are written for.</summary>
internal sealed class Lexer
{
    private readonly string source;
    private readonly List<Token> tokens = [];
    private readonly Dictionary<string, string> names = ImplicitNames.All.ToDictionary(name => name);
    private readonly Stack<char> open = new();
    private int position;
    private int line = 1;
    private int countedTo;

    // Whether the text before `position` ended a line: a tag at such a place may lose the blanks before it.
    private bool lineStarting = true;

    private Lexer(string source) => this.source = source;

    /// <summary>All tokens; equal names share one string, so that they can be compared by reference.</summary>
    public static List<Token> Tokenize(string template)
    {
        string source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n')) source = source[..^1];
        var lexer = new Lexer(source);
        lexer.Root();
        lexer.Add(TokenKind.End, "");
        return lexer.tokens;
    }

    private void Root()
    {
        while (position < source.Length)
        {
            int tag = NextTag();
            if (tag < 0)
            {
                AddText(source[position..]);
                position = source.Length;
                return;
            }
            Tag(tag);
        }
    }

    private int NextTag()
    {
        for (int at = position; (at = source.IndexOf('{', at)) >= 0 && at + 1 < source.Length; at++)
            if (source[at + 1] is '{' or '%' or '#') return at;
        return -1;
    }

    private void Tag(int tag)
    {
        char kind = source[tag + 1];
        char sign = tag + 2 < source.Length && source[tag + 2] is '-' or '+' ? source[tag + 2] : '\0';
        AddText(TextBefore(source[position..tag], sign, kind != '{'));
        int inside = tag + (sign == '\0' ? 2 : 3);
        position = tag;
        if (kind == '%' && RawBegin(inside) is var raw and >= 0)
        {
            position = raw;
            if (position < source.Length) RawBody(tag);
        }
        else if (kind == '#')
        {
            int end = source.IndexOf("#}", inside, StringComparison.Ordinal);
            if (end < 0) throw Fail("Missing end of comment tag");
            // "{#-#}": the same sign must not both open and close.
            position = CloseTag(end > inside ? source[end - 1] : '\0', end + 2, trimsNewline: true);
        }
        else
        {
            Add(kind == '{' ? TokenKind.VariableBegin : TokenKind.BlockBegin, source[tag..inside]);
            position = inside;
            Expression(kind == '{');
        }
        lineStarting = position > 0 && source[position - 1] == '\n';
    }

    /// <summary>What remains of the text before a tag: '-' strips all blanks, '+' none, else a block tag strips the blanks that begin its line.</summary>
    private string TextBefore(string text, char sign, bool isBlock)
    {
        if (sign == '-') return PyChar.TrimEnd(text);
        if (sign == '+' || !isBlock) return text;
        int lineStart = text.LastIndexOf('\n') + 1;
        if (lineStart == 0 && !lineStarting) return text;
        return PyChar.IsSpace(text.AsSpan(lineStart)) ? text[..lineStart] : text;
    }

    private int RawBegin(int at)
    {
        at = SkipSpace(at);
        if (string.CompareOrdinal(source, at, "raw", 0, 3) != 0) return -1;
        at = SkipSpace(at + 3);
        if (string.CompareOrdinal(source, at, "-%}", 0, 3) == 0) return SkipSpace(at + 3);
        return string.CompareOrdinal(source, at, "%}", 0, 2) == 0 ? at + 2 : -1;
    }

    private void RawBody(int tag)
    {
        lineStarting = source[position - 1] == '\n';
        for (int at = position; (at = source.IndexOf("{%", at, StringComparison.Ordinal)) >= 0; at++)
        {
            char sign = at + 2 < source.Length && source[at + 2] is '-' or '+' ? source[at + 2] : '\0';
            int word = SkipSpace(at + (sign == '\0' ? 2 : 3));
            if (string.CompareOrdinal(source, word, "endraw", 0, 6) != 0) continue;
            int close = SkipSpace(word + 6);
            char closeSign = close < source.Length && source[close] is '-' or '+' ? source[close] : '\0';
            int end = closeSign == '\0' ? close : close + 1;
            if (string.CompareOrdinal(source, end, "%}", 0, 2) != 0) continue;
            AddText(TextBefore(source[position..at], sign, isBlock: true));
            position = CloseTag(closeSign, end + 2, trimsNewline: true);
            return;
        }
        position = tag;
        throw Fail("Missing end of raw directive");
    }

    /// <summary>Where the template goes on after a closing delimiter that ends at <paramref name="end"/>.</summary>
    private int CloseTag(char sign, int end, bool trimsNewline)
    {
        if (sign == '-') return SkipSpace(end);
        return trimsNewline && sign != '+' && end < source.Length && source[end] == '\n' ? end + 1 : end;
    }

    private int SkipSpace(int at)
    {
        while (at < source.Length && PyChar.IsSpace(source[at])) at++;
        return at;
    }

    private void Expression(bool isVariable)
    {
        open.Clear();
        string close = isVariable ? "}}" : "%}";
        while (true)
        {
            position = SkipSpace(position);
            if (position >= source.Length) return;
            if (open.Count == 0 && ClosingSign(close, isVariable) is { } sign)
            {
                Add(isVariable ? TokenKind.VariableEnd : TokenKind.BlockEnd, close);
                position = CloseTag(sign, position + (sign == '\0' ? 2 : 3), trimsNewline: !isVariable);
                return;
            }
            Word();
        }
    }

    private char? ClosingSign(string close, bool isVariable)
    {
        if (string.CompareOrdinal(source, position, close, 0, 2) == 0) return '\0';
        char first = source[position];
        bool signed = first == '-' || (first == '+' && !isVariable);
        return signed && string.CompareOrdinal(source, position + 1, close, 0, 2) == 0 ? first : null;
    }

    private void Word()
    {
        char c = source[position];
        if (char.IsAsciiDigit(c)) Number();
        else if (PyChar.IsWord(c)) Name();
        else if (c is '\'' or '"') StringLiteral(c);
        else Operator(c);
    }

    private void Number()
    {
        int start = position;
        bool afterDot = start > 0 && source[start - 1] == '.';
        if (!afterDot && NumberScan.Float(source, start) is var floatEnd and > 0)
        {
            position = floatEnd;
            Add(TokenKind.Float, source[start..floatEnd].Replace("_", "", StringComparison.Ordinal), start);
            return;
        }
        position = NumberScan.Integer(source, start);
        Add(TokenKind.Integer, source[start..position].Replace("_", "", StringComparison.Ordinal), start);
    }

    private void Name()
    {
        int start = position;
        while (position < source.Length && PyChar.IsWord(source[position])) position++;
        string name = source[start..position];
        if (!names.TryGetValue(name, out string? shared)) names[name] = shared = name;
        Add(TokenKind.Name, shared, start);
    }

    private void StringLiteral(char quote)
    {
        int start = position;
        int at = start + 1;
        while (at < source.Length && source[at] != quote) at += source[at] == '\\' ? 2 : 1;
        if (at >= source.Length) throw Fail($"unexpected char {PyRepr.Of(quote.ToString())} at {start}");
        string text = Escapes.Decode(source.AsSpan(start + 1, at - start - 1)) ?? throw Fail("malformed escape sequence in a string literal");
        Add(TokenKind.String, text, start);
        position = at + 1;
    }

    private void Operator(char c)
    {
        int start = position;
        string op = position + 1 < source.Length && source.AsSpan(position, 2) is "//" or "**" or "==" or "!=" or ">=" or "<=" ? source[position..(position + 2)] : c.ToString();
        if (op.Length == 1 && !"+-/*%~[](){}><=.:|,;".Contains(c)) throw Fail($"unexpected char {PyRepr.Of(op)} at {start}");
        if (c is '(' or '[' or '{') open.Push(c == '(' ? ')' : c == '[' ? ']' : '}');
        else if (c is ')' or ']' or '}')
        {
            if (open.Count == 0) throw Fail($"unexpected '{c}'");
            if (open.Pop() is var expected && expected != c) throw Fail($"unexpected '{c}', expected '{expected}'");
        }
        Add(TokenKind.Operator, op, start);
        position += op.Length;
    }

    private void AddText(string text)
    {
        if (text.Length > 0) Add(TokenKind.Data, text);
    }

    private void Add(TokenKind kind, string text, int? at = null) => tokens.Add(new Token(kind, text, LineAt(at ?? position)));

    private int LineAt(int at)
    {
        if (at > countedTo)
        {
            line += source.AsSpan(countedTo, at - countedTo).Count('\n');
            countedTo = at;
        }
        return line;
    }

    private TemplateException Fail(string message) => new(TemplateErrorKind.Syntax, message, line: LineAt(position));
}
