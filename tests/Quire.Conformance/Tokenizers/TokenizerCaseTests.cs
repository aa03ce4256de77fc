using System.Text.Json;

namespace Quire.Conformance.Tokenizers;

/// <summary>Encoding and decoding of every recorded text, with every recorded tokenizer.</summary>
[Trait("golden", "tokenizers")]
public sealed class TokenizerCaseTests
{
    public static IEnumerable<TheoryDataRow<string>> Folders => TokenizerGolden.FoldersWith("cases.json").Select(name => new TheoryDataRow<string>(name));

    [Theory, MemberData(nameof(Folders))]
    public void Ids_of_texts(string tokenizer) => EachText(tokenizer, "ids", (golden, text) => golden.Tokenizer.Encode(text, addSpecialTokens: false));

    [Theory, MemberData(nameof(Folders))]
    public void Ids_with_special_tokens_added(string tokenizer) =>
        EachText(tokenizer, "ids_special", (golden, text) => golden.Tokenizer.Encode(text, addSpecialTokens: true));

    [Theory, MemberData(nameof(Folders))]
    public void Ids_when_special_tokens_in_the_text_are_text(string tokenizer) =>
        EachText(tokenizer, "ids_as_text", (golden, text) => golden.Tokenizer.Encode(text, addSpecialTokens: false, parseSpecialTokens: false));

    [Theory, MemberData(nameof(Folders))]
    public void Token_texts(string tokenizer)
    {
        using TokenizerGolden golden = TokenizerGolden.Open(tokenizer);
        var differences = new Differences();
        foreach (JsonElement item in golden.Cases("cases.json", "cases").Where(item => item.TryGetProperty("tokens", out _)))
        {
            string[] texts = [.. item.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!)];
            int[] ids = TokenizerGolden.Ids(item.GetProperty("ids"));
            // The recording has the text itself where that is not the token's name: unknown words, white space an added token takes with it.
            foreach ((string text, int id) in texts.Zip(ids).Where(pair => golden.Tokenizer.TokenToId(pair.First) is not null))
            {
                differences.Compare(Id(item), text, golden.Tokenizer.TokenText(id));
                differences.Compare(Id(item), id, golden.Tokenizer.TokenToId(text));
            }
        }
        differences.AssertNone();
    }

    [Theory, MemberData(nameof(Folders))]
    public void Ids_and_types_of_pairs(string tokenizer)
    {
        using TokenizerGolden golden = TokenizerGolden.Open(tokenizer);
        var differences = new Differences();
        foreach ((int index, JsonElement item) in golden.Cases("cases.json", "pair_cases").Index())
        {
            (int[] ids, int[] types) = golden.Tokenizer.EncodePair(item.GetProperty("a").GetString()!, item.GetProperty("b").GetString()!, addSpecialTokens: true);
            differences.Compare($"pair {index} ids", TokenizerGolden.Ids(item.GetProperty("ids")), ids);
            differences.Compare($"pair {index} types", TokenizerGolden.Ids(item.GetProperty("type_ids")), types);
        }
        differences.AssertNone();
    }

    [Theory, MemberData(nameof(Folders))]
    public void Texts_that_are_cut_keep_their_special_tokens(string tokenizer)
    {
        using TokenizerGolden golden = TokenizerGolden.Open(tokenizer);
        foreach (JsonElement item in golden.Cases("cases.json", "pair_cases"))
        {
            (string a, string b) = (item.GetProperty("a").GetString()!, item.GetProperty("b").GetString()!);
            int[] plain = golden.Tokenizer.Encode(a, addSpecialTokens: false), whole = golden.Tokenizer.Encode(a, addSpecialTokens: true);
            int[] empty = golden.Tokenizer.EncodeUpTo(0, a, addSpecialTokens: true);
            Assert.Equal(whole.Length - plain.Length, empty.Length);
            Assert.Equal(whole, golden.Tokenizer.EncodeUpTo(whole.Length, a, addSpecialTokens: true));
            for (int count = empty.Length; count < whole.Length; count++)
            {
                int kept = count - empty.Length;
                Assert.Equal(count, golden.Tokenizer.EncodeUpTo(count, a, addSpecialTokens: true).Length);
                Assert.Equal(plain[..kept], golden.Tokenizer.EncodeUpTo(kept, a, addSpecialTokens: false));
                Assert.Equal(plain[^kept..], golden.Tokenizer.EncodeUpTo(kept, a, addSpecialTokens: false, fromStart: true));
            }
            (int[] ids, int[] types) = golden.Tokenizer.EncodePair(a, b, addSpecialTokens: true);
            int special = ids.Length - plain.Length - golden.Tokenizer.Encode(b, addSpecialTokens: false).Length;
            for (int count = special; count <= ids.Length; count++)
            {
                (int[] cut, int[] cutTypes) = golden.Tokenizer.EncodePair(a, b, addSpecialTokens: true, maxTokens: count);
                Assert.Equal((count, count), (cut.Length, cutTypes.Length));
            }
            Assert.Equal(ids.Length, types.Length);
        }
    }

    // Longest first: the longer text is cut to the length that the shorter one leaves, then both to halves, the longer one's being the greater.
    [Theory]
    [InlineData(10, "a a a a b b b b b b")]
    [InlineData(9, "a a a a b b b b b")]
    [InlineData(8, "a a a a b b b b")]
    [InlineData(7, "a a a b b b b")]
    [InlineData(1, "b")]
    [InlineData(0, "")]
    public void Pairs_are_cut_at_the_longer_text_first(int count, string expected)
    {
        string folder = Directory.CreateTempSubdirectory("quire").FullName, file = Path.Combine(folder, "tokenizer.json");
        File.WriteAllText(file, """{"version":"1.0","added_tokens":[],"pre_tokenizer":{"type":"WhitespaceSplit"},"model":{"type":"WordPiece","unk_token":"u","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"u":0,"a":1,"b":2}}}""");
        Quire.Tokenizers.Tokenizer tokenizer = Quire.Tokenizers.Tokenizer.FromFile(file);
        Directory.Delete(folder, true);
        Assert.Equal(expected, string.Join(' ', tokenizer.EncodePair("a a a a", "b b b b b b", addSpecialTokens: true, maxTokens: count).Ids.Select(tokenizer.TokenText)));
    }

    [Theory, MemberData(nameof(Folders))]
    public void Decoded_texts(string tokenizer)
    {
        using TokenizerGolden golden = TokenizerGolden.Open(tokenizer);
        var differences = new Differences();
        foreach (JsonElement item in golden.Cases("cases.json", "cases")) Decode(golden, item, item.GetProperty("ids_special"), differences);
        foreach (JsonElement item in golden.Cases("cases.json", "decode_cases")) Decode(golden, item, item.GetProperty("ids"), differences);
        differences.AssertNone();
    }

    private static void Decode(TokenizerGolden golden, JsonElement item, JsonElement ids, Differences differences)
    {
        differences.Compare(Id(item) + " decode", item.GetProperty("decode").GetString(), golden.Tokenizer.Decode(TokenizerGolden.Ids(ids), skipSpecialTokens: false));
        differences.Compare(Id(item) + " decode_skip", item.GetProperty("decode_skip").GetString(), golden.Tokenizer.Decode(TokenizerGolden.Ids(ids), skipSpecialTokens: true));
    }

    private static void EachText(string tokenizer, string field, Func<TokenizerGolden, string, int[]> encode)
    {
        using TokenizerGolden golden = TokenizerGolden.Open(tokenizer);
        var differences = new Differences();
        foreach (JsonElement item in golden.Cases("cases.json", "cases"))
        {
            if (item.TryGetProperty(field, out JsonElement expected)) differences.Compare(Id(item), TokenizerGolden.Ids(expected), encode(golden, item.GetProperty("text").GetString()!));
        }
        differences.AssertNone();
    }

    private static string Id(JsonElement item) => item.GetProperty("id").ToString();
}
