using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Quire.Server.Tests;

/// <summary>The built-in model as an embedder.</summary>
public sealed class PoolingTests
{
    [Fact]
    public async Task Many_requests_at_once_get_the_rows_that_each_gets_alone()
    {
        await using TestServer server = await Start();
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"{string.Join(' ', Enumerable.Repeat("The capital of Portugal is Lisbon.", 1 + (i % 7)))} {i}")];
        float[][] alone = new float[texts.Length][];
        for (int i = 0; i < texts.Length; i++) alone[i] = (await Embed(server, texts[i]))[0];
        float[][] together = await Embed(server, texts);
        for (int i = 0; i < texts.Length; i++) Assert.Equal(alone[i], together[i]);
        Assert.All(together, row => Assert.Equal(1, row.Sum(value => (double)value * value), 1e-5));
    }

    [Theory]
    [InlineData("""{"input": []}""", 400)]
    [InlineData("""{"input": ""}""", 400)]
    [InlineData("""{"input": [1, 2, 99999999]}""", 400)]
    [InlineData("""{"input": [[1], "a"]}""", 200)]
    [InlineData("""{"input": [-1]}""", 400)]
    [InlineData("""{"input": {"a": 1}}""", 400)]
    [InlineData("""{"input": "a", "encoding_format": "bytes"}""", 400)]
    [InlineData("""{"input": "a", "model": "other"}""", 404)]
    [InlineData("""{"input": "a", "truncate_prompt_tokens": 0}""", 400)]
    public async Task Unusual_bodies_are_answered(string body, int status)
    {
        await using TestServer server = await Start();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/v1/embeddings", UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
    }

    [Fact]
    public async Task A_request_may_have_more_inputs_than_may_wait()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = TestServer.Options.Engine with { Runner = "pooling", MaxQueuedRequests = 16, MaxSequences = 2 } });
        Assert.Equal(300, (await Embed(server, [.. Enumerable.Range(0, 300).Select(i => $"text {i}")])).Length);
    }

    // In one step, in two, and as one of several that share a step.
    [Theory]
    [InlineData(96, 1)]
    [InlineData(32, 1)]
    [InlineData(96, 4)]
    public async Task A_text_may_fill_the_context(int stepTokens, int count)
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = TestServer.Options.Engine with { Runner = "pooling", MaxModelLength = 64, MaxBatchedTokens = stepTokens } });
        int[][] inputs = [.. Enumerable.Range(0, count).Select(i => Enumerable.Range(100 + i, 64).ToArray())];
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync("/v1/embeddings", new { input = inputs });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("/v2/embed", """{"texts": []}""", 400)]
    [InlineData("/v2/embed", """{"texts": ["a"], "embedding_types": []}""", 400)]
    [InlineData("/v2/embed", """{"texts": ["a"], "embedding_types": ["int8"]}""", 400)]
    [InlineData("/v2/embed", """{"texts": ["a b c d e f"], "max_tokens": 1, "truncate": "NONE"}""", 400)]
    [InlineData("/v2/embed", """{"texts": ["a b c d e f"], "max_tokens": 1}""", 200)]
    [InlineData("/v2/embed", """{"texts": ["a"], "max_tokens": -5}""", 400)]
    [InlineData("/v2/embed", """{"texts": ["a"], "images": ["x"]}""", 501)]
    [InlineData("/v1/embeddings", """{"input": "a", "messages": [{"role": "user", "content": "b"}]}""", 400)]
    [InlineData("/v1/embeddings", """{"input": "a", "embed_dtype": "float16"}""", 501)]
    [InlineData("/v1/embeddings", """{"input": "a", "priority": "x"}""", 400)]
    [InlineData("/score", """{"queries": "a", "documents": "b", "dimensions": 3}""", 501)]
    [InlineData("/rerank", """{"query": "a", "documents": ["b"], "max_tokens_per_doc": 3}""", 501)]
    public async Task Fields_are_honoured_or_refused(string path, string body, int status)
    {
        await using TestServer server = await Start();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
    }

    [Fact]
    public async Task A_chat_template_that_is_neither_a_file_nor_a_template_is_refused()
    {
        QuireException refused = await Assert.ThrowsAsync<QuireException>(() => TestServer.Start(TestServer.Options with { Engine = TestServer.Options.Engine with { ChatTemplate = "/nope" } }));
        Assert.Contains("neither a file nor a template", refused.Message);
    }

    [Fact]
    public async Task A_model_that_generates_gives_no_embeddings()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options);
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync("/v1/embeddings", new { input = "a" }, TestContext.Current.CancellationToken);
        Assert.Equal(404, (int)response.StatusCode);
        QuireException refused = await Assert.ThrowsAsync<QuireException>(() => server.Host.Engine.EmbedAsync([1, 2]));
        Assert.Contains("start it with the runner pooling", refused.Message, StringComparison.Ordinal);
    }

    private static Task<TestServer> Start() => TestServer.Start(TestServer.Options with { Engine = TestServer.Options.Engine with { Runner = "pooling" } });

    private static async Task<float[][]> Embed(TestServer server, params string[] texts)
    {
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync("/v1/embeddings", new { input = texts });
        JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return [.. answer.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()).ToArray())];
    }
}
