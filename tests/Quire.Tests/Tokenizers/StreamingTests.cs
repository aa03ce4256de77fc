using System.Diagnostics;
using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

public sealed class StreamingTests
{
    private static readonly Tokenizer tokenizer = TinyTokenizer.Load(TinyTokenizer.Json());

    [Fact]
    public void The_text_of_a_stream_is_the_decoded_text()
    {
        const string text = "naïve 日本 👩‍👩‍👧 aaaaaaaaaaaaaaaaa";
        var stream = new StreamingDetokenizer(tokenizer, [], skipSpecialTokens: true);
        Assert.Equal(text, string.Concat(tokenizer.Encode(text, addSpecialTokens: false).Select(stream.Append)));
    }

    [Fact]
    public void Bytes_that_never_become_a_character_are_held_in_constant_time_each()
    {
        var stream = new StreamingDetokenizer(tokenizer, [], skipSpecialTokens: true);
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < 200_000; i++) Assert.Equal("", stream.Append(0x80));
        Assert.Equal(200_001, stream.Append('a').Length);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}");
    }

    [Fact]
    public void Skipped_special_tokens_pile_up_nowhere()
    {
        var stream = new StreamingDetokenizer(tokenizer, ['a'], skipSpecialTokens: true);
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < 200_000; i++) Assert.Equal("", stream.Append(300));
        Assert.Equal("b", stream.Append('b'));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}");
    }

    [Fact]
    public void A_stop_string_may_come_in_any_pieces()
    {
        const string text = "one two three";
        for (int size = 1; size <= text.Length; size++)
        {
            var filter = new StopStringFilter(["o th", "never"]);
            string released = "";
            string? stop = null;
            foreach (char[] piece in text.Chunk(size))
            {
                (string more, stop) = filter.Append(new string(piece));
                released += more;
                if (stop is not null) break;
            }
            Assert.Equal("o th", stop);
            Assert.Equal("one tw", released + filter.Finish());
        }
    }

    [Fact]
    public void Without_stop_strings_nothing_is_held_back() => Assert.Equal(new ReleasedText("abc", null), new StopStringFilter([]).Append("abc"));
}
