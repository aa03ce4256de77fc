using Quire.Cli;

namespace Quire.Tests.Cli;

public sealed class DottedFlagsTests
{
    [Fact]
    public void Keys_become_one_object()
    {
        Assert.Equal(
            ["serve", "model", "--hf-overrides", """{"rope_scaling":{"factor":4.5,"rope_type":"yarn"},"tie":true,"list":["a",2]}"""],
            Gather("serve", "--hf_overrides.rope_scaling.factor", "4.5", "model", "--hf-overrides.rope_scaling.rope_type=yarn", "--hf-overrides.tie", "true", "--hf-overrides.list+", "a", "--hf-overrides.list+=2"));
    }

    [Theory]
    [InlineData("--hf-overrides", """{"a": 1}""", "--port", "1")]
    [InlineData("--hf-overrides={\"a\": 1}", "--port", "1")]
    public void A_flag_that_is_given_whole_stays_where_it_is(params string[] args)
    {
        string[] gathered = Gather([.. args, "--hf-overrides.b", "null"]);
        Assert.Equal(args.Length, gathered.Length);
        Assert.Contains("""{"a":1,"b":null}""", string.Join(' ', gathered), StringComparison.Ordinal);
        Assert.Equal(["--port", "1"], gathered[^2..]);
    }

    [Fact]
    public void What_has_no_dot_or_stands_behind_a_double_dash_stays()
    {
        string[] args = ["serve", "./model.gguf", "--port=1", "--name", "a.b", "--text=a.b", "--", "--a.b", "c"];
        Assert.Equal(args, Gather(args));
    }

    [Theory]
    [InlineData("--hf-overrides.a has no value", "--hf-overrides.a")]
    [InlineData("--hf-overrides..a has an empty key", "--hf-overrides..a", "1")]
    [InlineData("a is 1, no object", "--hf-overrides.a", "1", "--hf-overrides.a.b", "2")]
    [InlineData("a is 1, no list", "--hf-overrides.a", "1", "--hf-overrides.a+", "2")]
    [InlineData("[1] is no JSON object, so --hf-overrides.a", "--hf-overrides", "[1]", "--hf-overrides.a", "2")]
    public void What_cannot_be_is_said(string message, params string[] args)
    {
        QuireException error = Assert.Throws<QuireException>(() => Gather(args));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal("hf-overrides", error.Param);
    }

    private static string[] Gather(params string[] args) => DottedFlags.Gather(FlagSpelling.Normalise(args));
}
