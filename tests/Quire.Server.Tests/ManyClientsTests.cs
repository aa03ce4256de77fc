using System.Text;
using System.Text.Json;
using Quire.Server.Tests.Http;

namespace Quire.Server.Tests;

/// <summary>A real model under many clients: a long run.</summary>
[Trait("run", "long")]
public sealed class ManyClientsTests
{
    [Fact]
    public async Task Sixty_four_streams_get_what_they_would_get_alone_and_leave_no_block_behind()
    {
        string? model = HttpGoldenTests.Servers.Model;
        if (model is null) Assert.Skip("no SmolLM2 here");
        await using TestServer server = await TestServer.Start(new ServerOptions
        {
            Model = model,
            Port = 0,
            Engine = new QuireOptions { MaxModelLength = 1024, KvCacheBytes = 512 << 20 },
        });
        string[] prompts = [.. Enumerable.Range(0, 64).Select(i => $"Story number {i}. " + string.Concat(Enumerable.Repeat("Once upon a time there was a fox. ", 1 + (i % 9))))];
        string[] alone = new string[prompts.Length];
        for (int i = 0; i < prompts.Length; i++) alone[i] = await Stream(server, prompts[i]);
        Assert.Equal(alone, await Task.WhenAll(prompts.Select(prompt => Stream(server, prompt))));
        await CompletionTests.Until(() => server.Host.Current!.Statistics is { Running: 0 } s && s.FreeBlocks == s.TotalBlocks);
    }

    private static async Task<string> Stream(TestServer server, string prompt)
    {
        string body = JsonSerializer.Serialize(new { prompt, max_tokens = 24, temperature = 0, ignore_eos = true, stream = true });
        using HttpResponseMessage response = await server.Client.PostAsync("/v1/completions", new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return string.Concat(text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(line => line != "data: [DONE]")
            .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("choices")[0].GetProperty("text").GetString()));
    }
}
