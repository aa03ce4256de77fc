using System.Text.Json;
using Quire.Tokenizers;

namespace Quire.Conformance.Tokenizers;

/// <summary>Text released token by token, with and without stop strings.</summary>
[Trait("golden", "tokenizers")]
public sealed class StreamingTests
{
    public static IEnumerable<TheoryDataRow<string>> Folders => TokenizerGolden.FoldersWith("streaming.json").Select(name => new TheoryDataRow<string>(name));

    [Theory, MemberData(nameof(Folders))]
    public void Each_token_releases_the_recorded_text(string tokenizer)
    {
        using TokenizerGolden golden = TokenizerGolden.Open(tokenizer);
        var differences = new Differences();
        foreach (JsonElement item in golden.Cases("streaming.json", "cases"))
        {
            var stream = new StreamingDetokenizer(golden.Tokenizer, TokenizerGolden.Ids(item.GetProperty("prompt_ids")),
                item.GetProperty("skip_special_tokens").GetBoolean(), item.GetProperty("spaces_between_special_tokens").GetBoolean());
            differences.Compare(Id(item), Strings(item, "fast"), TokenizerGolden.Ids(item.GetProperty("ids")).Select(stream.Append).ToArray());
        }
        differences.AssertNone();
    }

    [Theory, MemberData(nameof(Folders))]
    public void Stop_strings_hold_back_and_end_the_text(string tokenizer)
    {
        using TokenizerGolden golden = TokenizerGolden.Open(tokenizer);
        var differences = new Differences();
        foreach (JsonElement item in golden.Cases("streaming.json", "stop_cases")) Stop(golden, item, differences);
        differences.AssertNone();
    }

    private static void Stop(TokenizerGolden golden, JsonElement item, Differences differences)
    {
        var stream = new StreamingDetokenizer(golden.Tokenizer, TokenizerGolden.Ids(item.GetProperty("prompt_ids")), skipSpecialTokens: true);
        var filter = new StopStringFilter(Strings(item, "stop"),
            item.TryGetProperty("include_stop_str_in_output", out JsonElement include) && include.GetBoolean(),
            item.TryGetProperty("min_tokens", out JsonElement minTokens) ? minTokens.GetInt32() : 0);
        var deltas = new List<string>();
        string? stop = null;
        foreach (int id in TokenizerGolden.Ids(item.GetProperty("ids")))
        {
            (string text, stop) = filter.Append(stream.Append(id));
            deltas.Add(text);
            if (stop is not null) break;
        }
        string rest = filter.Finish();
        differences.Compare(Id(item) + " deltas", Strings(item, "deltas"), deltas.ToArray());
        differences.Compare(Id(item) + " stop_string", item.GetProperty("stop_string").GetString(), stop);
        differences.Compare(Id(item) + " tokens_used", item.GetProperty("tokens_used").GetInt32(), deltas.Count);
        differences.Compare(Id(item) + " final_delta", item.GetProperty("final_delta").GetString(), rest);
        differences.Compare(Id(item) + " final_text", item.GetProperty("final_text").GetString(), string.Concat(deltas) + rest);
    }

    private static string Id(JsonElement item) => item.GetProperty("id").ToString();

    private static string[] Strings(JsonElement item, string name) => [.. item.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];
}
