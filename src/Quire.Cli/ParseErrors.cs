using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Quire.Cli;

/// <summary>Values of the wrong type, said in words: the parser's own sentence names types of .NET.</summary>
internal static partial class ParseErrors
{
    /// <exception cref="QuireException">A flag's value is not of its type.</exception>
    public static void Check(ParseResult parsed)
    {
        foreach (ParseError error in parsed.Errors)
        {
            if (WrongType().Match(error.Message) is not { Success: true } match) continue;
            string flag = match.Groups["flag"].Value, type = match.Groups["type"].Value;
            string what = type.Contains("Int", StringComparison.Ordinal) ? "a whole number" : "a number";
            throw new QuireException(ErrorKind.InvalidRequest, $"{flag} {match.Groups["value"].Value} is not {what}.", param: flag.TrimStart('-'));
        }
    }

    [GeneratedRegex(@"^Cannot parse argument '(?<value>.*)' for option '(?<flag>.*)' as expected type '(?<type>.*)'\.$", RegexOptions.Singleline)]
    private static partial Regex WrongType();
}
