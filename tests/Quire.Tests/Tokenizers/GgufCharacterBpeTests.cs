using Quire.Formats;
using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

/// <summary>Gemma 4's vocabulary in GGUF, in small.</summary>
public sealed class GgufCharacterBpeTests
{
    private const int Control = 3, UserDefined = 4, Byte = 6;

    private static readonly string[] words = ["<bos>", "\n", "\n\n", "▁", "▁▁", "a", "b", "▁a", "ab"];
    private static readonly string[] tokens = [.. words, .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")];

    private static readonly Tokenizer tokenizer = Tokenizer.FromGguf(new GgufVocabularyData
    {
        Model = "gemma4",
        Tokens = tokens,
        TokenTypes = [.. tokens.Select((token, id) => id == 0 ? Control : token == "\n\n" ? UserDefined : id < words.Length ? 1 : Byte)],
        Merges = ["▁ a", "▁ ▁", "a b"],
        BosTokenId = 0,
        AddBosToken = false,
    }, "x.gguf");

    [Theory]
    [InlineData("a ab", "<bos>|a|▁a|b")]
    [InlineData("a  b", "<bos>|a|▁▁|b")]
    [InlineData("a\nb\n\n\na", "<bos>|a|\n|b|\n\n|\n|a")]
    [InlineData("é\t", "<bos>|<0xC3>|<0xA9>|<0x09>")]
    [InlineData("", "<bos>")]
    public void Texts_begin_with_bos_are_cut_at_line_breaks_alone_and_come_back(string text, string pieces)
    {
        int[] ids = tokenizer.Encode(text, addSpecialTokens: true);
        Assert.Equal(pieces.Split('|'), ids.Select(tokenizer.TokenText));
        Assert.Equal(text, tokenizer.Decode(ids, skipSpecialTokens: true));
    }
}
