using System.Net.Http.Json;
using System.Text.Json;
using Quire.Golden;

namespace Quire.Server.Tests;

/// <summary>Embedders and classifiers of <c>golden/families</c> over HTTP, with a tokenizer whose words are ids: texts become the reference's prompts.</summary>
[Trait("golden", "families")]
public sealed class PoolingModelTests
{
    public static IEnumerable<TheoryDataRow<string>> Embedders => FamilyFolders.Of(kind => kind == "embed");

    public static IEnumerable<TheoryDataRow<string>> Classifiers => FamilyFolders.Of(kind => kind == "classify");

    [Theory, MemberData(nameof(Embedders))]
    public async Task Embeddings_are_the_references(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no embedders in golden/families here");
        await using var model = await ServedModel.Start(name);
        JsonElement answer = await model.Post("/v1/embeddings", new { input = model.Texts, use_activation = true });
        for (int i = 0; i < model.Texts.Length; i++) model.Near(model.Golden.Row(i), answer.GetProperty("data")[i].GetProperty("embedding"));
        Assert.Equal(model.Golden.Prompts.Sum(prompt => prompt.Length), answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());

        using HttpResponseMessage absent = await model.Server.Client.PostAsJsonAsync("/classify", new { input = "w1" }, TestContext.Current.CancellationToken);
        Assert.Equal(404, (int)absent.StatusCode);
    }

    [Theory, MemberData(nameof(Classifiers))]
    public async Task Probabilities_and_scores_are_the_references(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no classifiers in golden/families here");
        await using var model = await ServedModel.Start(name);
        // Without types, a text alone is the prompt.
        if (model.Golden.TokenTypes is null)
        {
            JsonElement answer = await model.Post("/classify", new { input = model.Texts }), raw = await model.Post("/pooling", new { input = model.Texts, use_activation = false });
            for (int i = 0; i < model.Texts.Length; i++)
            {
                JsonElement item = answer.GetProperty("data")[i];
                float[] expected = model.Golden.Probabilities(i);
                model.Near(expected, item.GetProperty("probs"));
                Assert.Equal(expected.Length, item.GetProperty("num_classes").GetInt32());
                Assert.Equal(model.Labels[Array.IndexOf(expected, expected.Max())], item.GetProperty("label").GetString());
                model.Near(model.Golden.Row(i), raw.GetProperty("data")[i].GetProperty("data"));
            }
        }
        (string Query, string Document)[] pairs = [.. model.Golden.Prompts.Select((prompt, i) =>
        {
            int first = model.Golden.TokenTypes is { } types ? types[i].Count(type => type == 0) : prompt.Length / 2;
            return (WordModel.Text(prompt[..first]), WordModel.Text(prompt[first..]));
        })];
        var scoring = new { queries = pairs.Select(pair => pair.Query), documents = pairs.Select(pair => pair.Document), use_activation = false };
        using HttpResponseMessage response = await model.Server.Client.PostAsJsonAsync("/score", scoring, TestContext.Current.CancellationToken);
        JsonElement scores = await response.Content.ReadFromJsonAsync<JsonElement>();
        if (model.Labels.Length > 1)
        {
            Assert.Equal(400, (int)response.StatusCode);
            Assert.Contains($"{model.Labels.Length} labels", scores.GetProperty("error").GetProperty("message").GetString());
            return;
        }
        for (int i = 0; i < pairs.Length; i++) model.Near(model.Golden.Row(i)[0], scores.GetProperty("data")[i].GetProperty("score").GetDouble());

        JsonElement ranked = await model.Post("/rerank", new { query = pairs[1].Query, documents = pairs.Select(pair => pair.Document), top_n = 3 });
        double[] relevances = [.. ranked.GetProperty("results").EnumerateArray().Select(item => item.GetProperty("relevance_score").GetDouble())];
        Assert.Equal(3, relevances.Length);
        Assert.Equal(relevances.OrderDescending(), relevances);
    }

    [Theory, MemberData(nameof(Classifiers))]
    public async Task Unusual_bodies_are_answered(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no classifiers in golden/families here");
        await using var model = await ServedModel.Start(name);
        string tooLong = WordModel.Text([.. Enumerable.Repeat(7, model.Server.Host.Engine.MaxModelLength + 1)]);
        foreach ((string path, object body, int status) in ((string, object, int)[])
            [
                ("/classify", new { }, 400), ("/classify", new { input = "" }, 400), ("/classify", new { input = tooLong }, 400), ("/classify", new { input = tooLong, truncate_prompt_tokens = -1 }, 200),
                ("/classify", new { input = "w1", dimensions = 4 }, 400), ("/classify", new { input = "w1", encoding_format = "base64" }, 400), ("/classify", new { input = "w1", task = "embed" }, 400), ("/classify", new { input = new[] { 1, 99999 } }, 400),
                ("/v1/embeddings", new { input = "w1" }, 404), ("/v1/completions", new { prompt = "w1" }, 404), ("/score", new { queries = "w1" }, 400), ("/score", new { queries = "", documents = "" }, 400),
            ])
        {
            using HttpResponseMessage response = await model.Server.Client.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken);
            Assert.True(status == (int)response.StatusCode, $"{path} {JsonSerializer.Serialize(body)[..Math.Min(80, JsonSerializer.Serialize(body).Length)]}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        }
        if (model.Labels.Length > 1) return;
        JsonElement cut = await model.Post("/score", new { queries = "w5 w6", documents = tooLong, truncate_prompt_tokens = 7, use_activation = false });
        JsonElement short7 = await model.Post("/score", new { queries = "w5 w6", documents = "w7 w7 w7 w7 w7", use_activation = false });
        Assert.Equal(short7.GetProperty("data")[0].GetProperty("score").GetDouble(), cut.GetProperty("data")[0].GetProperty("score").GetDouble());
    }

    [Theory, MemberData(nameof(Classifiers))]
    public async Task Encoders_and_classifiers_are_not_run_as_generators(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no classifiers in golden/families here");
        QuireException refused = await Assert.ThrowsAsync<QuireException>(() => ServedModel.Start(name, options => options with { Runner = "generate" }));
        Assert.Contains("gives no text", refused.Message);
    }

    private sealed class ServedModel : IAsyncDisposable
    {
        private readonly WordModel copy;

        private ServedModel(PoolingGolden golden, WordModel copy, TestServer server) => (Golden, this.copy, Server) = (golden, copy, server);

        public TestServer Server { get; }

        public PoolingGolden Golden { get; }

        public string[] Texts => [.. Golden.Prompts.Select(WordModel.Text)];

        public string[] Labels => [.. Server.Host.Engine.Labels];

        public static async Task<ServedModel> Start(string name, Func<QuireOptions, QuireOptions>? change = null)
        {
            var copy = new WordModel(name);
            QuireOptions options = TestServer.Options.Engine;
            return new ServedModel(new PoolingGolden(name), copy, await TestServer.Start(TestServer.Options with { Model = copy.Folder, ServedModelNames = [name], Engine = change is null ? options : change(options) }));
        }

        public async Task<JsonElement> Post(string path, object body)
        {
            using HttpResponseMessage response = await Server.Client.PostAsJsonAsync(path, body);
            JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.True(response.IsSuccessStatusCode, answer.ToString());
            return answer;
        }

        public void Near(float[] expected, JsonElement actual) =>
            Assert.All(expected.Zip(actual.EnumerateArray().Select(value => value.GetDouble())), pair => Near(pair.First, pair.Second));

        public void Near(double expected, double actual) => Assert.True(Math.Abs(expected - actual) <= Golden.Tolerance("f32_max_abs"), $"expected {expected}, got {actual}");

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            Golden.Dispose();
            copy.Dispose();
        }
    }
}
