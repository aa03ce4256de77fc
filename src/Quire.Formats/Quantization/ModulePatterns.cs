using System.Text.RegularExpressions;

namespace Quire.Formats;

/// <summary>Names of modules as checkpoints write them. Patterns come from files: they run under a time limit.</summary>
internal static class ModulePatterns
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>A regular expression that matches from the start of the name, as Python's <c>re.match</c>.</summary>
    /// <exception cref="QuireException">It is no regular expression, or matching took too long.</exception>
    public static bool MatchesRegex(ConfigObject config, string key, string pattern, string name)
    {
        try
        {
            return Regex.IsMatch(name, $@"\A(?:{pattern})", RegexOptions.CultureInvariant, Limit);
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            throw config.Bad(key, $"has the pattern {pattern}, which cannot be matched: {e.Message}");
        }
    }

    /// <summary>A full name with <c>*</c> for any text, as file names are matched.</summary>
    public static bool MatchesWildcard(string pattern, string name) =>
        Regex.IsMatch(name, $@"\A{Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal)}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
}
