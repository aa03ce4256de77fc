using System.Text.Json;
using Quire.Golden;
using Quire.Tokenizers;

namespace Quire.Conformance.Tokenizers;

/// <summary>Each normalizer, pre-tokenizer and decoder alone.</summary>
[Trait("golden", "tokenizers")]
public sealed class ComponentTests
{
    private static readonly Lazy<JsonDocument?> document = new(() =>
        GoldenFolder.Find("tokenizers") is { } folder && File.Exists(Path.Combine(folder, "components.json.gz")) ? GoldenFolder.ReadJson(Path.Combine(folder, "components.json")) : null);

    public static IEnumerable<TheoryDataRow<string>> Normalizers => Rows("normalizers");

    public static IEnumerable<TheoryDataRow<string>> PreTokenizers => Rows("pre_tokenizers");

    public static IEnumerable<TheoryDataRow<string>> Decoders => Rows("decoders");

    [Theory, MemberData(nameof(Normalizers))]
    public void Normalized_texts(string id) => Each("normalizers", id, (config, cases, differences) =>
    {
        Normalizer normalizer = NormalizerConfig.Read(config);
        foreach (JsonElement item in cases)
        {
            string text = item.GetProperty("text").GetString()!;
            differences.Compare(JsonSerializer.Serialize(text), item.GetProperty("out").GetString(), normalizer.Normalize(text));
        }
    });

    [Theory, MemberData(nameof(PreTokenizers))]
    public void Pieces_of_texts(string id) => Each("pre_tokenizers", id, (config, cases, differences) =>
    {
        PreTokenizer preTokenizer = PreTokenizerConfig.Read(config);
        foreach (JsonElement item in cases)
        {
            string text = item.GetProperty("text").GetString()!;
            var tokens = new PreTokens(AlignedText.Original(text, withOffsets: true), text.Length == 0 ? [] : [new TextRange(0, text.Length)]);
            tokens = preTokenizer.Split(tokens, startsText: true);
            string[] pieces = [.. tokens.Pieces.Select(piece => $"{tokens.Text.Text[piece.Start..piece.End]} {tokens.Text.Starts![piece.Start]}-{tokens.Text.Ends![piece.End - 1]}")];
            string[] expected = [.. item.GetProperty("pieces").EnumerateArray().Select(piece => $"{piece[0].GetString()} {piece[1]}-{piece[2]}")];
            differences.Compare(JsonSerializer.Serialize(text), expected, pieces);
        }
    });

    [Theory, MemberData(nameof(Decoders))]
    public void Decoded_tokens(string id) => Each("decoders", id, (config, cases, differences) =>
    {
        Decoder decoder = DecoderConfig.Read(config);
        foreach (JsonElement item in cases)
        {
            List<string> tokens = [.. item.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!)];
            differences.Compare(item.GetProperty("tokens").GetRawText(), item.GetProperty("out").GetString(), string.Concat(decoder.Decode(tokens)));
        }
    });

    private static IEnumerable<TheoryDataRow<string>> Rows(string kind) =>
        document.Value is { } json ? json.RootElement.GetProperty(kind).EnumerateArray().Select(item => new TheoryDataRow<string>(Id(item))) : [new TheoryDataRow<string>("")];

    private static void Each(string kind, string id, Action<JsonConfig, IEnumerable<JsonElement>, Differences> compare)
    {
        if (document.Value is not { } json) Assert.Skip("no golden/tokenizers/components here");
        JsonElement component = document.Value!.RootElement.GetProperty(kind).EnumerateArray().First(item => Id(item) == id);
        var differences = new Differences();
        try
        {
            compare(new JsonConfig(component.GetProperty("config"), "components", kind), component.GetProperty("cases").EnumerateArray(), differences);
        }
        catch (QuireException error) when (error.Kind == ErrorKind.NotSupported)
        {
            Assert.Skip(error.Message);
        }
        differences.AssertNone();
    }

    private static string Id(JsonElement item) => item.GetProperty("id").ToString();
}
