using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

/// <summary>What Oniguruma matches where .NET's own regexes differ.</summary>
public sealed class PatternTests
{
    [Theory]
    [InlineData(@"\p{L}+", "a\U00010400b 1", "a\U00010400b")]
    [InlineData(@"[𐐀-𐐧]+", "a𐐀𐐧𐐨", "𐐀𐐧")]
    [InlineData(@"[^𐐀]", "𐐀𐐁", "𐐁")]
    [InlineData("😀+", "😁😀😀", "😀😀")]
    [InlineData(@"[\p{Han}&&[^一]]+", "一二𠀀あ", "二𠀀")]
    [InlineData(@"(?i:'s)", "'ſ", "'ſ")]
    [InlineData(@"\s+", "a\u001C\u0085\u3000", "\u0085\u3000")]
    [InlineData(@"a{2}+", "aaaaa", "aaaa")]
    [InlineData(@".{3}", "😀é\uE000", "😀é\uE000")]
    [InlineData(@"(?i)k", "\u212A", "\u212A")]
    [InlineData(@"x(?i)y|Z", "xz", "xz")]
    public void The_first_match(string pattern, string text, string expected)
    {
        TextRange match = SplitPattern.Oniguruma(pattern).Matches(text, 0, text.Length)[0];
        Assert.Equal(expected, text[match.Start..match.End]);
    }

    [Theory]
    [InlineData(@"(?<name>a)")]
    [InlineData(@"\K")]
    [InlineData("[a")]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData(@"\")]
    [InlineData("*")]
    [InlineData("[\uE000]")]
    public void What_is_not_translated_is_refused(string pattern) => Assert.Throws<NotSupportedException>(() => SplitPattern.Oniguruma(pattern));
}
