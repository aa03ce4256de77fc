using System.Diagnostics;
using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

public sealed class TokenizerTests
{
    private static readonly Tokenizer tokenizer = TinyTokenizer.Load(TinyTokenizer.Json());

    [Theory]
    [InlineData("")]
    [InlineData("aaaaaaa b")]
    [InlineData("naïve 日本 👩‍👩‍👧 \u0000\uE000\U0010FFFF")]
    public void Decoding_undoes_encoding(string text) => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: false), skipSpecialTokens: false));

    [Fact]
    public void Half_a_surrogate_pair_becomes_a_replacement_character() =>
        Assert.Equal("a\uFFFDb", tokenizer.Decode(tokenizer.Encode("a\uD83Db", addSpecialTokens: false), skipSpecialTokens: false));

    [Fact]
    public void Special_tokens_in_untrusted_text_are_text()
    {
        Assert.Equal([300, 'x'], tokenizer.Encode("<end>x", addSpecialTokens: false));
        Assert.DoesNotContain(300, tokenizer.Encode("<end>x", addSpecialTokens: false, parseSpecialTokens: false));
        Assert.Contains(301, tokenizer.Encode("<tool>x", addSpecialTokens: false, parseSpecialTokens: false));
    }

    [Fact]
    public void Ids_outside_the_vocabulary_have_no_text()
    {
        Assert.Equal("a", tokenizer.Decode([-1, 'a', 299, 1_000_000], skipSpecialTokens: false));
        Assert.True(tokenizer.TokenBytes(-1).IsEmpty);
        Assert.Equal("", tokenizer.TokenText(299));
        Assert.False(tokenizer.IsSpecial(299));
    }

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("1")]
    [InlineData("!")]
    [InlineData("\u0301")]
    [InlineData("👩")]
    public void A_long_run_of_one_character_takes_no_quadratic_time(string unit)
    {
        string text = string.Concat(Enumerable.Repeat(unit, 100_000));
        var watch = Stopwatch.StartNew();
        int[] ids = tokenizer.Encode(text, addSpecialTokens: false);
        Assert.Equal(text, tokenizer.Decode(ids, skipSpecialTokens: false));
        if (unit == "a") Assert.Equal(100_000 / 16, ids.Length);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}");
    }

    [Fact]
    public void Scanning_and_the_heap_merge_alike()
    {
        // Around the length where one takes over from the other, the run of letters splits the same way.
        foreach (int length in Enumerable.Range(30, 40))
        {
            int[] ids = tokenizer.Encode(new string('a', length), addSpecialTokens: false);
            Assert.Equal(length / 16 + int.PopCount(length % 16), ids.Length);
        }
    }

    [Fact]
    public void Many_threads_get_the_same_ids()
    {
        string[] texts = [.. Enumerable.Range(0, 2000).Select(i => $"word{i % 97} naïve {i} aaaa{new string('a', i % 70)}")];
        int[][] alone = [.. texts.Select(text => tokenizer.Encode(text, addSpecialTokens: false))];
        Tokenizer shared = TinyTokenizer.Load(TinyTokenizer.Json());
        Parallel.For(0, texts.Length, i =>
        {
            int[] ids = shared.Encode(texts[i], addSpecialTokens: false);
            Assert.Equal(alone[i], ids);
            Assert.Equal(texts[i], shared.Decode(ids, skipSpecialTokens: false));
        });
    }
}
