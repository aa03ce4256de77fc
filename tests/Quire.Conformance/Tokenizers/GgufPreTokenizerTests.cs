using System.Text;
using System.Text.Json;
using Quire.Formats;
using Quire.Golden;
using Quire.Tokenizers;

namespace Quire.Conformance.Tokenizers;

/// <summary>Where texts are cut under each name of <c>tokenizer.ggml.pre</c>.</summary>
/// <remarks>Made by <c>benchmarks/Quire.Peers pre-tokenizers</c>. Where llama.cpp's regex library cannot say what a model's tokenizer.json says, the latter counts; these texts are listed.</remarks>
[Trait("golden", "tokenizers")]
public sealed class GgufPreTokenizerTests
{
    private static readonly Lazy<Dictionary<string, GgufPreTokenizerVector>> vectors = new(GgufPreTokenizerVector.ReadAll);

    public static IEnumerable<TheoryDataRow<string>> Names => vectors.Value.Count > 0 ? vectors.Value.Keys.Select(name => new TheoryDataRow<string>(name)) : [new TheoryDataRow<string>("")];

    [Theory, MemberData(nameof(Names))]
    public void Pieces_are_those_of_llama_cpp_or_of_the_models_own_rule(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/tokenizers/pre-tokenizers here");
        GgufPreTokenizerVector vector = vectors.Value[name];
        PieceVocabulary vocabulary = vector.Vocabulary;
        Tokenizer tokenizer = Load(vector, name);
        var differences = new Differences();
        foreach ((string text, string expected) in vector.Tokens)
        {
            string actual = string.Join(' ', tokenizer.Encode(text, addSpecialTokens: false, parseSpecialTokens: false).Select(id => vocabulary.BytesOf(id)));
            differences.Compare(JsonSerializer.Serialize(text), Pieces(text, expected), Pieces(text, actual));
        }
        differences.AssertNone();
    }

    [Theory, MemberData(nameof(Names))]
    public void Tokens_around_a_text_are_those_of_llama_cpp(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/tokenizers/pre-tokenizers here");
        GgufPreTokenizerVector vector = vectors.Value[name];
        int[] ids = Load(vector, name).Encode("x", addSpecialTokens: true);
        Assert.Equal((vector.Bos, vector.Eos), (ids[0] == vector.Vocabulary.BeginId, ids[^1] == vector.Vocabulary.EndId));
    }

    private static Tokenizer Load(GgufPreTokenizerVector vector, string name) => Tokenizer.FromGguf(new GgufVocabularyData
    {
        Model = "gpt2",
        Pre = name,
        Tokens = vector.Vocabulary.Tokens,
        TokenTypes = vector.Vocabulary.Types,
        Merges = vector.Vocabulary.Merges,
        BosTokenId = vector.Vocabulary.BeginId,
        EosTokenId = vector.Vocabulary.EndId,
    }, name);

    private static string[] Pieces(string text, string lengths)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var pieces = new List<string>();
        int at = 0;
        foreach (int length in lengths.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse))
        {
            pieces.Add(Encoding.UTF8.GetString(bytes, at, length));
            at += length;
        }
        return [.. pieces];
    }
}
