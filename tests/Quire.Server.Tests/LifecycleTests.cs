using System.Net;
using System.Text;

namespace Quire.Server.Tests;

public sealed class LifecycleTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_loading_health_and_requests_say_503()
    {
        var gate = new TaskCompletionSource();
        await using TestServer server = await TestServer.Start(TestServer.Options, async () =>
        {
            await gate.Task;
            return await QuireEngine.LoadAsync(TestServer.Demo, TestServer.Options.Engine);
        }, isReady: false);
        HttpResponseMessage health = await server.Client.GetAsync("/health", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Contains("loading", await health.Content.ReadAsStringAsync(Cancelled));
        HttpResponseMessage answer = await Complete(server, 1);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        gate.SetResult();
        await server.Host.Ready;
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Complete(server, 1)).StatusCode);
    }

    [Fact]
    public async Task A_full_queue_answers_429_with_retry_after()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = TestServer.Options.Engine with { MaxSequences = 1, MaxQueuedRequests = 1 } });
        Task<HttpResponseMessage>[] all = [.. Enumerable.Range(0, 12).Select(_ => Complete(server, 600))];
        HttpResponseMessage[] answers = await Task.WhenAll(all);
        Assert.All(answers, a => Assert.True(a.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests));
        HttpResponseMessage refused = answers.First(a => a.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains(answers, a => a.StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_stopping_server_finishes_what_runs_and_refuses_what_comes()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options);
        Task<HttpResponseMessage> running = Complete(server, 900);
        await CompletionTests.Until(() => server.Host.Current!.Statistics.Running == 1);
        server.RequestStop();
        await CompletionTests.Until(() => server.Host.IsDraining);
        HttpResponseMessage health = await server.Client.GetAsync("/health", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Complete(server, 1)).StatusCode);
        HttpResponseMessage answer = await running;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\"completion_tokens\":900", await answer.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Keys_guard_the_api_and_nothing_else()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { ApiKeys = ["one", "two"] });
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Client.GetAsync("/v1/models", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health", Cancelled)).StatusCode);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "two");
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v1/models", Cancelled)).StatusCode);
    }

    private static Task<HttpResponseMessage> Complete(TestServer server, int tokens) => server.Client.PostAsync("/v1/completions",
        new StringContent($$"""{"prompt":"The","max_tokens":{{tokens}},"temperature":0,"ignore_eos":true}""", Encoding.UTF8, "application/json"), Cancelled);
}
