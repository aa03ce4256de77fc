namespace Quire.Templates.Syntax;

/// <summary>Where number literals end: Python's, with underscores between digits and 0x, 0o, 0b prefixes.</summary>
internal static class NumberScan
{
    /// <summary>The end of a float literal that starts here, or 0 where the number is none.</summary>
    public static int Float(string source, int start)
    {
        int at = Digits(source, start);
        bool isFloat = false;
        if (at + 1 < source.Length && source[at] == '.' && char.IsAsciiDigit(source[at + 1]))
        {
            at = Digits(source, at + 1);
            isFloat = true;
        }
        if (at < source.Length && source[at] is 'e' or 'E')
        {
            int exponent = at + 1;
            if (exponent < source.Length && source[exponent] is '+' or '-') exponent++;
            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
            {
                at = Digits(source, exponent);
                isFloat = true;
            }
        }
        return isFloat ? at : 0;
    }

    /// <summary>The end of the integer literal that starts here.</summary>
    public static int Integer(string source, int start)
    {
        if (source[start] != '0') return Digits(source, start);
        if (start + 2 < source.Length && Prefixed(source, start) is var end && end > start + 2) return end;
        int at = start + 1;
        while (at < source.Length && (source[at] == '0' || (source[at] == '_' && at + 1 < source.Length && source[at + 1] == '0'))) at++;
        return at;
    }

    private static int Prefixed(string source, int start)
    {
        Func<char, bool>? isDigit = source[start + 1] switch
        {
            'x' or 'X' => char.IsAsciiHexDigit,
            'o' or 'O' => static c => c is >= '0' and <= '7',
            'b' or 'B' => static c => c is '0' or '1',
            _ => null,
        };
        return isDigit is null ? start : Run(source, start + 2, isDigit);
    }

    private static int Digits(string source, int at) => Run(source, at, char.IsAsciiDigit);

    private static int Run(string source, int at, Func<char, bool> isDigit)
    {
        while (at < source.Length && (isDigit(source[at]) || (source[at] == '_' && at + 1 < source.Length && isDigit(source[at + 1])))) at++;
        return at;
    }
}
