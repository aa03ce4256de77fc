using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Quire.Golden;

namespace Quire.Server.Tests;

public sealed class CompletionTests(ServerFixture fixture)
{
    private HttpClient Client => fixture.Server.Client;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Chats_of_the_demo_goldens_are_answered_streamed_and_whole()
    {
        using JsonDocument golden = GoldenFolder.ReadJson(Path.Combine(GoldenFolder.Repository, "models", "demo", "golden.json"));
        JsonElement[] cases = [.. golden.RootElement.GetProperty("cases").EnumerateArray().Where(c => c.GetProperty("kind").GetString() == "chat" && c.GetProperty("tools").ValueKind == JsonValueKind.Null
            && c.GetProperty("margins").EnumerateArray().All(m => m.GetDouble() > 0.01))];
        Assert.NotEmpty(cases);
        await Parallel.ForEachAsync(cases, Cancelled, async (c, _) =>
        {
            string messages = c.GetProperty("messages").GetRawText(), expected = c.GetProperty("greedy_text").GetString()!;
            JsonElement whole = await Post("/v1/chat/completions", $$"""{"messages":{{messages}},"temperature":0,"max_tokens":64}""");
            Assert.Equal(expected, whole.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
            Assert.Equal(c.GetProperty("finish").GetString(), whole.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
            Assert.Equal(c.GetProperty("prompt_ids").GetArrayLength(), whole.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
            List<JsonElement> chunks = await Stream("/v1/chat/completions", $$"""{"messages":{{messages}},"temperature":0,"max_tokens":64,"stream":true,"stream_options":{"include_usage":true} }""");
            Assert.Equal(expected, string.Concat(chunks.Where(k => k.GetProperty("choices").GetArrayLength() > 0).Select(k => k.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString())));
            Assert.Equal(whole.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        });
    }

    [Fact]
    public async Task Seeds_repeat_and_choices_differ()
    {
        const string body = """{"prompt":"The","max_tokens":12,"temperature":1.5,"seed":7,"n":3}""";
        string[] first = Texts(await Post("/v1/completions", body)), second = Texts(await Post("/v1/completions", body));
        Assert.Equal(first, second);
        Assert.Equal(3, first.Distinct().Count());
    }

    [Fact]
    public async Task A_stop_text_ends_the_answer_and_counts_no_token_beyond_it()
    {
        JsonElement whole = await Post("/v1/completions", """{"prompt":"The story","max_tokens":30,"temperature":0,"ignore_eos":true}""");
        string text = Texts(whole)[0], stop = text[10..14];
        JsonElement cut = await Post("/v1/completions", JsonSerializer.Serialize(new { prompt = "The story", max_tokens = 30, temperature = 0, ignore_eos = true, stop }));
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], Texts(cut)[0]);
        Assert.Equal(stop, cut.GetProperty("choices")[0].GetProperty("stop_reason").GetString());
        Assert.True(cut.GetProperty("usage").GetProperty("completion_tokens").GetInt32() < 30);
    }

    [Fact]
    public async Task A_disconnected_client_frees_its_blocks()
    {
        for (int i = 0; i < 4; i++)
        {
            using var abort = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = Json("""{"prompt":"The","max_tokens":900,"temperature":0,"ignore_eos":true,"stream":true}""") };
            HttpResponseMessage response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, abort.Token);
            using Stream stream = await response.Content.ReadAsStreamAsync(abort.Token);
            await stream.ReadExactlyAsync(new byte[50], abort.Token);
            await abort.CancelAsync();
            response.Dispose();
        }
        await Until(() => fixture.Server.Host.Current!.Statistics is { Running: 0 } s && s.FreeBlocks == s.TotalBlocks);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"temperature":-1}""", 400, "BadRequestError", "temperature")]
    [InlineData("""{"messages":"x"}""", 400, "Bad Request", "body.messages")]
    [InlineData("""{"model":"nope","messages":[{"role":"user","content":"x"}]}""", 404, "NotFoundError", "model")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}""", 501, "NotImplementedError", "response_format")]
    [InlineData("""{"messages":[""", 400, "Bad Request", "body.13")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud800"}]}""", 400, "BadRequestError", null)]
    public async Task Bad_requests_are_answered_in_the_shape_of_the_api(string body, int status, string type, string? param)
    {
        using HttpResponseMessage response = await Client.PostAsync("/v1/chat/completions", Json(body), Cancelled);
        JsonElement error = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("error");
        Assert.Equal((status, type, param, status), ((int)response.StatusCode, error.GetProperty("type").GetString(), error.GetProperty("param").GetString(), error.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Hostile_bodies_do_no_harm()
    {
        string deep = new string('[', 100_000);
        foreach ((byte[] bytes, int status) in ((byte[], int)[])[
            (Encoding.UTF8.GetBytes($$"""{"messages":{{deep}}"""), 400), ([0xff, 0xfe, 0x00], 400), ("null"u8.ToArray(), 400), ([], 400),
            (Encoding.UTF8.GetBytes($$"""{"prompt":"{{new string('x', 3_000_000)}}"}"""), 400),
            ("""{"prompt":"\ud83d"}"""u8.ToArray(), 400), ("""{"prompt":"a","x\udc00":1}"""u8.ToArray(), 400), ("""{"prompt":"\\ud83d \ud83d\ude00","max_tokens":1}"""u8.ToArray(), 200)])
        {
            using var content = new ByteArrayContent(bytes);
            content.Headers.ContentType = new("application/json");
            using HttpResponseMessage response = await Client.PostAsync("/v1/completions", content, Cancelled);
            Assert.Equal(status, (int)response.StatusCode);
        }
        Assert.Equal(HttpStatusCode.OK, (await Client.GetAsync("/health", Cancelled)).StatusCode);
    }

    private async Task<JsonElement> Post(string path, string body)
    {
        using HttpResponseMessage response = await Client.PostAsync(path, Json(body), Cancelled);
        string text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<List<JsonElement>> Stream(string path, string body)
    {
        using HttpResponseMessage response = await Client.PostAsync(path, Json(body), Cancelled);
        string[] events = [.. (await response.Content.ReadAsStringAsync(Cancelled)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)];
        Assert.Equal("data: [DONE]", events[^1]);
        return [.. events[..^1].Select(e => JsonDocument.Parse(e["data: ".Length..]).RootElement)];
    }

    private static string[] Texts(JsonElement response) => [.. response.GetProperty("choices").EnumerateArray().Select(c => c.GetProperty("text").GetString()!)];

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    internal static async Task Until(Func<bool> holds)
    {
        for (int i = 0; i < 500 && !holds(); i++) await Task.Delay(20, Cancelled);
        Assert.True(holds());
    }
}
