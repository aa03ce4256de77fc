using System.Net.Http.Json;
using System.Text.Json;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Server.Tests;

/// <summary>Qwen3 of <c>golden/families</c> served as its rerankers are, with <c>--hf-overrides</c>: scores are the reference's softmax of two logits.</summary>
[Trait("golden", "families")]
public sealed class TokenClassifierTests
{
    private const int No = 29, Yes = 7;

    public static IEnumerable<TheoryDataRow<string>> Names
    {
        get
        {
            TheoryDataRow<string>[] all = [.. FamilyFolders.Of(kind => kind == "causal").Where(row => row.Data.Length > 0 && TokenClassifier.Name(FamilyFolders.Path(row.Data)) == "Qwen3ForSequenceClassification")];
            return all.DefaultIfEmpty(new TheoryDataRow<string>(""));
        }
    }

    private static string Qwen3Reranker => JsonSerializer.Serialize(new { architectures = new[] { "Qwen3ForSequenceClassification" }, classifier_from_token = new[] { $"w{No}", $"w{Yes}" }, is_original_qwen3_reranker = true });

    [Theory, MemberData(nameof(Names))]
    public async Task Scores_are_the_references(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no Qwen3 in golden/families here");
        await using Served model = await Served.Start(name, new QuireOptions { HfOverrides = Qwen3Reranker });
        Assert.Equal("""["LABEL_0"]""", JsonSerializer.Serialize(model.Server.Host.Engine.Labels));
        JsonElement classified = await model.Post("/classify", new { input = model.Prompts.Select(WordModel.Text) });
        // Query and document are one text: without the blank, their last and first words would be one.
        (string Query, string Document)[] pairs = [.. model.Prompts.Select(prompt => (WordModel.Text(prompt[..(prompt.Length / 2)]), " " + WordModel.Text(prompt[(prompt.Length / 2)..])))];
        JsonElement scored = await model.Post("/score", new { queries = pairs.Select(pair => pair.Query), documents = pairs.Select(pair => pair.Document) });
        for (int i = 0; i < pairs.Length; i++)
        {
            model.Near(i, scored.GetProperty("data")[i].GetProperty("score"));
            model.Near(i, classified.GetProperty("data")[i].GetProperty("probs")[0]);
            Assert.Equal(1, classified.GetProperty("data")[i].GetProperty("num_classes").GetInt32());
        }
        Assert.Equal(model.Prompts.Sum(prompt => prompt.Length), scored.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());

        JsonElement ranked = await model.Post("/v1/rerank", new { query = pairs[1].Query, documents = pairs.Select(pair => pair.Document) });
        Dictionary<int, double> byIndex = ranked.GetProperty("results").EnumerateArray().ToDictionary(item => item.GetProperty("index").GetInt32(), item => item.GetProperty("relevance_score").GetDouble());
        Assert.Equal(byIndex.Values.OrderDescending(), byIndex.Values);
        Assert.Equal(scored.GetProperty("data")[1].GetProperty("score").GetDouble(), byIndex[1]);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_score_template_sees_a_query_and_a_document(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no Qwen3 in golden/families here");
        const string template = "{{ messages | selectattr('role', 'eq', 'query') | map(attribute='content') | first }} {{ messages | selectattr('role', 'eq', 'document') | map(attribute='content') | first }} w9{% if add_generation_prompt %} w8{% endif %}";
        await using Served model = await Served.Start(name, new QuireOptions { HfOverrides = Qwen3Reranker, ChatTemplate = template });
        JsonElement scored = await model.Post("/score", new { queries = "w5 w6", documents = new[] { "w10 w11", "w12" } });
        JsonElement whole = await model.Post("/classify", new { input = new[] { "w5 w6 w10 w11 w9", "w5 w6 w12 w9" } });
        for (int i = 0; i < 2; i++) Assert.Equal(whole.GetProperty("data")[i].GetProperty("probs")[0].GetSingle(), scored.GetProperty("data")[i].GetProperty("score").GetSingle());
        JsonElement cut = await model.Post("/score", new { queries = "w5 w6", documents = "w10 w11", truncate_prompt_tokens = 3 });
        Assert.Equal(3, cut.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_makes_no_classifier_is_refused_with_what_would(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no Qwen3 in golden/families here");
        using var copy = new WordModel(name);
        (string Overrides, string Expected)[] cases =
        [
            ($$"""{"classifier_from_token": ["w{{No}}", "w{{Yes}}"], "method": "from_2_way_softmax"}""", "the architecture is Qwen3ForCausalLM; name its classifier, as in --hf-overrides '{\"architectures\": [\"Qwen3ForSequenceClassification\"]}'"),
            ("""{"architectures": ["Qwen3ForSequenceClassification"], "classifier_from_token": ["w7", "w7"], "method": "from_2_way_softmax"}""", "names token 7 for no and for yes"),
            ("""{"architectures": ["Qwen3ForSequenceClassification"]}""", "has no tensor score.weight, a classifier's head; classifier_from_token in --hf-overrides makes one of the LM head"),
            ("""{"architectures": ["Qwen3ForSequenceClassification"], "classifier_from_token": ["w5", "maybe"], "is_original_qwen3_reranker": true}""", "classifier_from_token names \"maybe\", which is no token of the vocabulary"),
            ("""{"architectures": ["Qwen3ForSequenceClassification"], "classifier_from_token": ["w5 w6"], "method": "no_post_processing"}""", "it becomes \"w5\", \"w6\"; each label must be one token"),
            ("""{"vocab_size": 7}""", "with --hf-overrides asks for [7, "),
            ("""{"architectures":""", "--hf-overrides: is not valid JSON"),
        ];
        foreach ((string overrides, string expected) in cases)
        {
            QuireException refused = await Assert.ThrowsAsync<QuireException>(() => QuireEngine.LoadAsync(copy.Folder, TestServer.Options.Engine with { HfOverrides = overrides }));
            Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Commands_that_need_text_refuse_it_before_they_read_weights(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no Qwen3 in golden/families here");
        QuireException refused = Assert.Throws<QuireException>(() => RunnerChoice.NeedText(FamilyFolders.Path(name), new QuireOptions { HfOverrides = Qwen3Reranker }, "quire chat"));
        Assert.Contains("gives labels", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("Without --hf-overrides it gives text.", refused.Message, StringComparison.Ordinal);
    }

    private sealed class Served : IAsyncDisposable
    {
        private readonly WordModel copy;
        private readonly float[][] logits;
        private readonly double tolerance;

        private Served(string name, WordModel copy, TestServer server)
        {
            (this.copy, Server) = (copy, server);
            JsonElement golden = FamilyFolders.Read(FamilyFolders.Path(name));
            Prompts = [.. golden.GetProperty("prompts").EnumerateArray().Select(prompt => prompt.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
            // Of two logits; a sigmoid is at most a quarter as steep.
            tolerance = 2 * golden.GetProperty("tolerance").GetProperty("f32_max_abs").GetDouble() / 4;
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(FamilyFolders.Path(name), "golden", "golden.safetensors"));
            logits = [.. Prompts.Select((_, i) => file.Tensors[$"logits_{i}"].View.AsSpan<float>()[^copy.Vocabulary..].ToArray())];
        }

        public TestServer Server { get; }

        public int[][] Prompts { get; }

        public static async Task<Served> Start(string name, QuireOptions options)
        {
            var copy = new WordModel(name);
            return new Served(name, copy, await TestServer.Start(TestServer.Options with { Model = copy.Folder, ServedModelNames = [name], Engine = options with { DType = "float32", KvCacheBytes = 64 << 20 } }));
        }

        public async Task<JsonElement> Post(string path, object body)
        {
            using HttpResponseMessage response = await Server.Client.PostAsJsonAsync(path, body);
            JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.True(response.IsSuccessStatusCode, answer.ToString());
            return answer;
        }

        public void Near(int prompt, JsonElement actual)
        {
            double expected = 1 / (1 + Math.Exp((double)logits[prompt][No] - logits[prompt][Yes]));
            Assert.True(Math.Abs(expected - actual.GetDouble()) <= tolerance, $"prompt {prompt}: expected {expected}, got {actual}");
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            copy.Dispose();
        }
    }
}
