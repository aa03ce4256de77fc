using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

/// <summary>The five characters MarkupSafe escapes.</summary>
internal static class Html
{
    /// <summary>A value printed, escaped if asked for and not already done.</summary>
    public static string Text(Run run, Value value, bool escapes) =>
        escapes && value is not StrValue { IsMarkup: true } ? Escape(value.Text(run)) : value.Text(run);

    public static string Escape(string text) => text.AsSpan().ContainsAny("&<>'\"")
        ? text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal)
        : text;
}
