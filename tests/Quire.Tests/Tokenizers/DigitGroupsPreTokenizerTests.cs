using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

public sealed class DigitGroupsPreTokenizerTests
{
    private static readonly SplitPattern Digits = SplitPattern.Oniguruma(@"\d+"), LastOfWord = SplitPattern.Oniguruma(@"\d\b");

    [Theory]
    [InlineData("a12345b 678 9", "a|12|345|b |678| |9")]
    [InlineData("123456", "123|456")]
    [InlineData("x", "x")]
    [InlineData("", "")]
    [InlineData("٣٣٣٣", "٣|٣٣٣")]
    [InlineData("𝟏𝟐𝟑𝟒", "𝟏|𝟐𝟑𝟒")]
    public void Groups_count_from_the_end_of_a_run(string text, string pieces) => Assert.Equal(pieces, Cut(new DigitGroupsPreTokenizer(Digits, null, isolates: true), text));

    [Theory]
    [InlineData("12345b 678.", "12345b |678|.")]
    [InlineData("1234", "1|234")]
    public void Runs_within_a_word_may_stay_whole(string text, string pieces) => Assert.Equal(pieces, Cut(new DigitGroupsPreTokenizer(Digits, LastOfWord, isolates: true), text));

    [Theory]
    [InlineData("a12345b 678 9", "a12|345b |678 9")]
    [InlineData("½123", "½|123")]
    public void Cuts_may_be_those_before_whole_groups_alone(string text, string pieces) => Assert.Equal(pieces, Cut(new DigitGroupsPreTokenizer(Digits, null, isolates: false), text));

    /// <summary>Regexes that look ahead to the end of a run would take hours.</summary>
    [Theory]
    [InlineData("superbpe")]
    [InlineData("tiny_aya")]
    [InlineData("afmoe")]
    public void A_million_digits_are_no_attack(string name)
    {
        string text = new('1', 1_000_000);
        Assert.Equal(333_334, GgufPreTokenizers.Find(name, "x.gguf").DigitGroups!().Split(Whole(text), startsText: true).Pieces.Count);
        Assert.InRange(GgufPreTokenizers.Find(name, "x.gguf").Build().Split(Whole(text + "x"), startsText: true).Pieces.Count, 1, 1_000_000);
    }

    private static PreTokens Whole(string text) => new(AlignedText.Original(text, withOffsets: false), [new TextRange(0, text.Length)]);

    private static string Cut(PreTokenizer tokenizer, string text) => string.Join('|', tokenizer.Split(Whole(text), startsText: true).Pieces.Select(piece => text[piece.Start..piece.End]));
}
