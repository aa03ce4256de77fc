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
