using System.Text;
using System.Text.Json.Nodes;
using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

/// <summary>A damaged tokenizer.json either loads and works, or is refused; it never crashes.</summary>
public sealed class MutatedTokenizerTests
{
    private const string Text = "naïve <end> aaaa 日本 👩‍👩‍👧 12 e\u0301\u0316";

    public static TheoryData<string> Bases => new(["byte-level", "words", "unigram", "pieces"]);

    [Theory, MemberData(nameof(Bases))]
    public void Damage_is_refused_or_harmless(string name)
    {
        byte[] json = Encoding.UTF8.GetBytes(Base(name).ToJsonString());
        Use(TinyTokenizer.LoadText(Encoding.UTF8.GetString(json)));
        string[] replacements = ["null", "-1", "1e400", "\"\"", "[]", "{}", "true", "99999999999", "\"\\ud800\"", "\"BPE\"", "0"];
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            List<byte> damaged = [.. json];
            int at = random.Next(damaged.Count);
            if (random.Next(2) == 0)
            {
                // A whole value becomes another.
                int colon = damaged.IndexOf((byte)':', at);
                if (colon < 0) continue;
                int end = damaged.FindIndex(colon, value => value is (byte)',' or (byte)'}');
                damaged.RemoveRange(colon + 1, end - colon - 1);
                damaged.InsertRange(colon + 1, Encoding.UTF8.GetBytes(replacements[random.Next(replacements.Length)]));
            }
            else
            {
                damaged[at] = (byte)random.Next(32, 127);
            }
            try
            {
                Use(TinyTokenizer.LoadText(Encoding.UTF8.GetString([.. damaged])));
            }
            catch (QuireException)
            {
            }
        }
    }

    private static void Use(Tokenizer tokenizer)
    {
        int[] ids = tokenizer.Encode(Text, addSpecialTokens: true);
        tokenizer.EncodeWithOffsets(Text, addSpecialTokens: true);
        tokenizer.EncodePair(Text, "", addSpecialTokens: true);
        tokenizer.Decode(ids, skipSpecialTokens: true);
        var stream = new StreamingDetokenizer(tokenizer, [1, 2], skipSpecialTokens: false);
        foreach (int id in ids) stream.Append(id);
    }

    private static JsonObject Base(string name)
    {
        JsonObject json = TinyTokenizer.Json();
        if (name == "byte-level") return json;
        json["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""");
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}|[^\\s\\p{L}]++"},"behavior":"Isolated","invert":false},{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}]}""");
        json["post_processor"] = JsonNode.Parse("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<end>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"<end>":{"id":"<end>","ids":[300],"tokens":["<end>"]}}}""");
        json["decoder"] = JsonNode.Parse("""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""");
        json["model"] = JsonNode.Parse(name switch
        {
            "words" => """{"type":"WordLevel","vocab":{"a":0,"<unk>":1},"unk_token":"<unk>"}""",
            "unigram" => """{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1.5],["aa",-2.25],["▁",-3]],"byte_fallback":false}""",
            _ => """{"type":"WordPiece","vocab":{"[UNK]":0,"a":1,"##a":2},"unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100}""",
        });
        return json;
    }
}
