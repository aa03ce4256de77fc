using Quire.Formats;

namespace Quire.Tests.Formats;

public sealed class ShardedCheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public ShardedCheckpointTests()
    {
        folder.Write("config.json", """{"model_type": "llama", "architectures": ["LlamaForCausalLM"], "eos_token_id": 2}""");
        folder.Write("one.safetensors", TinySafetensors.With(("a", "F32", [2, 1], [.. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(2f)])));
        folder.Write("two.safetensors", TinySafetensors.With(("b", "BF16", [1], [0x80, 0x3F]), ("unlisted", "U8", [1], [0])));
    }

    [Fact]
    public void Tensors_come_from_the_shards_that_the_index_names()
    {
        Index("""{"a": "one.safetensors", "b": "two.safetensors"}""");
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(["a", "b"], checkpoint.TensorNames.Order());
        Assert.EndsWith("two.safetensors", checkpoint.Get("b").File, StringComparison.Ordinal);
        var row = new float[1];
        checkpoint.Get("a").ReadRows(1, 1, row);
        Assert.Equal(2f, row[0]);
        checkpoint.Get("b").ReadRows(0, 1, row);
        Assert.Equal(1f, row[0]);
        Assert.Equal([2], checkpoint.Generation.EosTokenIds);
        Assert.False(checkpoint.TryGet("unlisted", out _));
        Assert.Contains("has no tensor nothing", Assert.Throws<QuireException>(() => checkpoint.Get("nothing")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a": "three.safetensors"}""", "names the shard three.safetensors, which does not exist")]
    [InlineData("""{"c": "one.safetensors"}""", "says that c is in one.safetensors, which has no such tensor")]
    [InlineData("""{"a": "../one.safetensors"}""", "the name of a file in the same folder was expected")]
    [InlineData("""{"a": "sub/one.safetensors"}""", "the name of a file in the same folder was expected")]
    [InlineData("""{"a": "..\\one.safetensors"}""", "the name of a file in the same folder was expected")]
    [InlineData("""{"a": "/etc/hostname"}""", "the name of a file in the same folder was expected")]
    [InlineData("""{"a": "C:one.safetensors"}""", "the name of a file in the same folder was expected")]
    [InlineData("""{"a": ".."}""", "the name of a file in the same folder was expected")]
    [InlineData("""{"a": ""}""", "the name of a file in the same folder was expected")]
    [InlineData("""{"a": "one\u0000.safetensors"}""", "the name of a file in the same folder was expected")]
    [InlineData("""{"a": 1}""", "weight_map.a is 1; a string was expected")]
    [InlineData("""{"a": null}""", "weight_map.a is missing")]
    [InlineData("""["a"]""", "weight_map is [\"a\"]; an object was expected")]
    [InlineData("null", "weight_map is missing")]
    public void An_index_that_does_not_fit_is_refused(string map, string message)
    {
        Index(map);
        var error = Assert.Throws<QuireException>(() => Checkpoint.Open(folder.Path));
        Assert.Equal(ErrorKind.InvalidModel, error.Kind);
        Assert.Contains("model.safetensors.index.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_says_what_is_missing()
    {
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<QuireException>(() => Checkpoint.Open(folder.Path)).Kind);
        folder.Write("pytorch_model.bin", "");
        Assert.Equal(ErrorKind.NotSupported, Assert.Throws<QuireException>(() => Checkpoint.Open(folder.Path)).Kind);
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<QuireException>(() => Checkpoint.Open(Path.Combine(folder.Path, "nothing"))).Kind);
    }

    private void Index(string map) => folder.Write("model.safetensors.index.json", $$"""{"metadata": {}, "weight_map": {{map}}}""");

    public void Dispose() => folder.Dispose();
}
