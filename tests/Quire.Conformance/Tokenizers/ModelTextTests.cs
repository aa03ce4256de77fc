using System.Text.Json;
using Quire.Formats;
using Quire.Golden;
using Quire.Tokenizers;

namespace Quire.Conformance.Tokenizers;

/// <summary>Prompts and answers of whole models: the demo's tokenizer.json, and the vocabulary inside SmolLM2's GGUF file.</summary>
public sealed class ModelTextTests
{
    [Fact, Trait("golden", "demo")]
    public void Demo_prompts_and_answers()
    {
        string folder = Path.Combine(GoldenFolder.Models, "demo");
        if (!Directory.Exists(folder)) Assert.Skip("no models/demo here");
        Tokenizer tokenizer = Tokenizer.FromFile(Path.Combine(folder, "quire-demo", "tokenizer.json"));
        using JsonDocument golden = GoldenFolder.ReadJson(Path.Combine(folder, "golden.json"));
        var differences = new Differences();
        foreach (JsonElement item in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string id = item.GetProperty("id").GetString()!;
            differences.Compare(id + " prompt", TokenizerGolden.Ids(item.GetProperty("prompt_ids")), tokenizer.Encode(item.GetProperty("rendered").GetString()!, addSpecialTokens: false));
            differences.Compare(id + " answer", item.GetProperty("greedy_text").GetString(), tokenizer.Decode(TokenizerGolden.Ids(item.GetProperty("greedy_ids")), skipSpecialTokens: true));
        }
        differences.AssertNone();
    }

    [Fact, Trait("golden", "smollm2")]
    public void SmolLM2_prompts_and_answers_with_the_vocabulary_of_its_GGUF_file()
    {
        string models = Path.Combine(GoldenFolder.Models, "smollm2");
        if (GoldenFolder.Find("smollm2") is not { } folder || !Directory.Exists(models)) Assert.Skip("no models/smollm2 or golden/smollm2 here");
        using JsonDocument golden = GoldenFolder.ReadJson(Path.Combine(GoldenFolder.Find("smollm2")!, "greedy.json"));
        var differences = new Differences();
        foreach (string file in Directory.GetFiles(models, "*.gguf"))
        {
            using Checkpoint checkpoint = Checkpoint.Open(file);
            Tokenizer tokenizer = Tokenizer.FromGguf(checkpoint.Vocabulary!, file);
            foreach (JsonElement item in golden.RootElement.GetProperty("cases").EnumerateArray())
            {
                string name = $"{Path.GetFileName(file)} {item.GetProperty("name").GetString()}";
                if (item.TryGetProperty("prompt_text", out JsonElement prompt) || item.TryGetProperty("text", out prompt))
                    differences.Compare(name + " prompt", TokenizerGolden.Ids(item.GetProperty("prompt_ids")), tokenizer.Encode(prompt.GetString()!, addSpecialTokens: false));
                differences.Compare(name + " answer", item.GetProperty("greedy_text").GetString(), tokenizer.Decode(TokenizerGolden.Ids(item.GetProperty("greedy_ids")), skipSpecialTokens: false));
            }
        }
        differences.AssertNone();
    }
}
