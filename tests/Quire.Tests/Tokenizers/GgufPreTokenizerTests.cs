using System.Text;
using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

/// <summary>Names of <c>tokenizer.ggml.pre</c>, by what tells their rules from those of others.</summary>
public sealed class GgufPreTokenizerTests
{
    [Theory]
    [InlineData("bloom", "Hello, world (3)।", "Hello|,|_world|_(|3|)।")]
    [InlineData("poro-chat", "x12 y", "x12|_y")]
    [InlineData("viking", "x12 y", "x|1|2|_y")]
    [InlineData("seed-coder", "I'LL pay 12!\n", "I|'LL|_pay|_|1|2|!|\n")]
    [InlineData("hunyuan", "I'LL pay 12!\n", "I|'LL|_pay|_|1|2|!\n")]
    [InlineData("deepseek-llm", "Hi 你好 12!\n", "Hi|_|你好|_|12|!|\n")]
    [InlineData("deepseek-llm", "x 𐐀é，！", "x|_𐐀é|，！")]
    [InlineData("hunyuan-dense", "Hi 1234", "Hi|_|123|4")]
    [InlineData("exaone4", "a 1234", "a|_1234")]
    [InlineData("minimax-m2", "helloWorld's 1234", "hello|World's|_|123|4")]
    [InlineData("bailingmoe", "Don't 12\n\n", "Don|'t|_|1|2|\n\n")]
    [InlineData("afmoe", "x  1234567ก", "x|__|1|234|567|ก")]
    [InlineData("tiny_aya", "1234 1234a", "1|234|_|123|4|a")]
    [InlineData("superbpe", "a b 12345 c", "a_b_|12|345|_c")]
    [InlineData("kimi-k2", "中A々aB", "中|A|々|a|B")]
    [InlineData("exaone-moe", "a b c! d", "a_b_c|!|_d")]
    [InlineData("youtu", "aB한中12", "a|B|한|中|1|2")]
    public void A_name_splits_as_its_models_do(string name, string text, string pieces)
    {
        var whole = new PreTokens(AlignedText.Original(text, withOffsets: true), [new TextRange(0, text.Length)]);
        PreTokens tokens = GgufPreTokenizers.Find(name, "x.gguf").Build().Split(whole, startsText: true);
        // Pieces are in the alphabet of bytes; their places count runes of the text.
        Rune[] runes = [.. text.EnumerateRunes()];
        Assert.Equal(pieces.Replace('_', ' ').Split('|'), tokens.Pieces.Select(piece => string.Concat(runes[tokens.Text.Starts![piece.Start]..tokens.Text.Ends![piece.End - 1]])));
    }

    [Fact]
    public void An_unknown_name_is_an_error_that_says_it() =>
        Assert.Contains("\"x-1\" is not supported", Assert.Throws<QuireException>(() => GgufPreTokenizers.Find("x-1", "x.gguf")).Message, StringComparison.Ordinal);
}
