using System.Text.Json;

namespace Quire.Conformance.Tokenizers;

/// <summary>The code points each token stands for.</summary>
[Trait("golden", "tokenizers")]
public sealed class OffsetTests
{
    public static IEnumerable<TheoryDataRow<string>> Folders => TokenizerGolden.FoldersWith("cases.json").Select(name => new TheoryDataRow<string>(name));

    [Theory, MemberData(nameof(Folders))]
    public void Offsets_of_tokens(string tokenizer)
    {
        using TokenizerGolden golden = TokenizerGolden.Open(tokenizer);
        var differences = new Differences();
        foreach (JsonElement item in golden.Cases("cases.json", "cases").Where(item => item.TryGetProperty("offsets", out _)))
        {
            (int[] ids, (int Start, int End)[] offsets) = golden.Tokenizer.EncodeWithOffsets(item.GetProperty("text").GetString()!, addSpecialTokens: false);
            string id = item.GetProperty("id").ToString();
            differences.Compare(id + " ids", TokenizerGolden.Ids(item.GetProperty("ids")), ids);
            differences.Compare(id + " offsets", TokenizerGolden.Ids(item.GetProperty("offsets")), offsets.SelectMany(offset => new[] { offset.Start, offset.End }).ToArray());
        }
        differences.AssertNone();
    }
}
