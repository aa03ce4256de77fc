namespace Quire.Templates.Python;

/// <summary>The five characters MarkupSafe escapes.</summary>
internal static class Html
{
    public static string Escape(string text) => text.AsSpan().ContainsAny("&<>'\"")
        ? text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal)
        : text;
}
