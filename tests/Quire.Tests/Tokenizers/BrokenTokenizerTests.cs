using System.Text.Json.Nodes;

namespace Quire.Tests.Tokenizers;

/// <summary>A file that is wrong is refused with a message that says where, whatever is wrong with it.</summary>
public sealed class BrokenTokenizerTests
{
    [Theory]
    [InlineData("", "JSON")]
    [InlineData("{", "JSON")]
    [InlineData("[]", "not an object")]
    [InlineData("{}", "no model")]
    [InlineData("{\"model\":{\"type\":\"BPE\"}}", "no vocab")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", "no integer")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":2000000000},\"merges\":[]}}", "2000000000")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a\"]}}", "merges[0]")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}", "names b")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\\ud800\":0},\"merges\":[]}}", "Unicode")]
    public void A_broken_file_is_named(string json, string reason)
    {
        var error = Assert.Throws<QuireException>(() => TinyTokenizer.LoadText(json));
        Assert.Equal(ErrorKind.InvalidModel, error.Kind);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("normalizer", "{\"type\":\"Nmt9\"}", "Nmt9")]
    [InlineData("pre_tokenizer", "{\"type\":\"Telepathy\"}", "Telepathy")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\p{Klingon}\"},\"behavior\":\"Isolated\"}", "Klingon")]
    [InlineData("decoder", "{\"type\":\"Rot13\"}", "Rot13")]
    [InlineData("post_processor", "{\"type\":\"Frame\"}", "Frame")]
    [InlineData("truncation", "{\"max_length\":5}", "truncation")]
    public void What_is_not_known_is_refused_by_name(string part, string config, string name)
    {
        JsonObject json = TinyTokenizer.Json();
        json[part] = JsonNode.Parse(config);
        var error = Assert.Throws<QuireException>(() => TinyTokenizer.Load(json));
        Assert.Equal(ErrorKind.NotSupported, error.Kind);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_not_found() =>
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<QuireException>(() => Quire.Tokenizers.Tokenizer.FromFile("nowhere/tokenizer.json")).Kind);
}
