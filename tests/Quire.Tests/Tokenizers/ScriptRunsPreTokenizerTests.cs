using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

public sealed class ScriptRunsPreTokenizerTests
{
    [Theory]
    [InlineData("どこで生れ。Yes", "どこで生れ|。|Yes")]
    [InlineData("Apples are りんご 林檎", "Apples are |りんご 林檎")]
    [InlineData("コーヒー", "コーヒー")]
    [InlineData("a1 б", "a|1 |б")]
    [InlineData("  a", "a")]
    [InlineData("  ", "")]
    [InlineData("a\u0378b\U00010400", "a\u0378b|\U00010400")]
    public void Runs_take_in_what_has_no_script_behind_them(string text, string pieces)
    {
        var whole = new PreTokens(AlignedText.Original(text, withOffsets: false), [new TextRange(0, text.Length)]);
        PreTokens tokens = new ScriptRunsPreTokenizer().Split(whole, startsText: true);
        Assert.Equal(pieces, string.Join('|', tokens.Pieces.Select(piece => text[piece.Start..piece.End])));
    }
}
