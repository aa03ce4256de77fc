using System.Net.Http.Json;
using System.Text.Json;
using Quire.Golden;

namespace Quire.Server.Tests.Lora;

/// <summary>The built-in model with its two adapters over HTTP.</summary>
public sealed class AdapterServingTests
{
    private static readonly string Demo = Path.Combine(GoldenFolder.Repository, "models", "demo");

    private static readonly string[] Questions = ["Hi!", "What is the capital of Portugal?", "Tell me a story.", "What is 3 + 4?", "Who are you?"];

    private static QuireOptions Engine(int maxLoras, int? inMemory = null) => TestServer.Options.Engine with
    {
        EnableLora = true,
        MaxLoras = maxLoras,
        MaxCpuLoras = inMemory,
        LoraModules = [new LoraModuleOption("pirate", Path.Combine(Demo, "pirate")), new LoraModuleOption("shout", Path.Combine(Demo, "shout"))],
    };

    [Theory]
    [InlineData(2, null)]
    [InlineData(1, null)]
    public async Task Sixty_mixed_requests_each_equal_their_solo_run(int maxLoras, int? inMemory)
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = Engine(maxLoras, inMemory) });
        string[] models = ["demo", "pirate", "shout"];
        Dictionary<(string, string), string> alone = [];
        foreach (string model in models)
            foreach (string question in Questions) alone[(model, question)] = await Ask(server, model, question);
        foreach (string question in Questions) Assert.Equal(3, models.Select(model => alone[(model, question)]).Distinct().Count());

        (string Model, string Question)[] mixed = [.. Enumerable.Range(0, 60).Select(i => (models[i % 3], Questions[i / 3 % Questions.Length]))];
        string[] answers = await Task.WhenAll(mixed.Select(request => Ask(server, request.Model, request.Question)));
        for (int i = 0; i < mixed.Length; i++) Assert.Equal(alone[mixed[i]], answers[i]);
    }

    [Fact]
    public async Task Loading_and_unloading_under_load_loses_nothing()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = Engine(3) });
        string expected = await Ask(server, "pirate", Questions[2]), plain = await Ask(server, "demo", Questions[2]), loud = await Ask(server, "shout", Questions[2]);
        using var stop = new CancellationTokenSource();
        Task churn = Task.Run(async () =>
        {
            for (int i = 0; i < 12; i++)
            {
                Assert.Equal(200, await Change(server, "load", new { lora_name = "extra", lora_path = Path.Combine(Demo, i % 2 == 0 ? "shout" : "pirate") }));
                Task<string> inFlight = Ask(server, "extra", Questions[2]);
                await Task.Delay(5);
                Assert.Equal(200, await Change(server, "unload", new { lora_name = "extra" }));
                // It began before the name was taken away, or was told that it is gone.
                string answer = await inFlight;
                Assert.True(answer == (i % 2 == 0 ? loud : expected) || answer == "404", answer);
            }
        }, TestContext.Current.CancellationToken);
        (string Model, string Expected)[] kinds = [("pirate", expected), ("demo", plain), ("shout", loud)];
        int asked = 0;
        while (!churn.IsCompleted || asked < 30)
        {
            string[] answers = await Task.WhenAll(kinds.Select(kind => Ask(server, kind.Model, Questions[2])));
            Assert.Equal(kinds.Select(kind => kind.Expected), answers);
            asked += answers.Length;
        }
        await churn;
        Assert.Equal("404", await Ask(server, "extra", Questions[0]));
    }

    [Fact]
    public async Task Metrics_name_adapters_that_run_and_that_wait()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = Engine(1) });
        Assert.Contains("vllm:lora_requests_info{max_lora=\"1\",running_lora_adapters=\"\",waiting_lora_adapters=\"\"}", await Metrics());
        // One adapter in a step: the second waits until the first has ended.
        Task<HttpResponseMessage>[] requests = [.. ((string[])["pirate", "shout"]).Select(model =>
            server.Client.PostAsJsonAsync("/v1/completions", new { model, prompt = "a", max_tokens = 400, ignore_eos = true }, TestContext.Current.CancellationToken))];
        bool isSeen = false;
        while (!isSeen && !Task.WhenAll(requests).IsCompleted)
        {
            string text = await Metrics();
            isSeen = text.Contains("running_lora_adapters=\"pirate\",waiting_lora_adapters=\"shout\"", StringComparison.Ordinal) || text.Contains("running_lora_adapters=\"shout\",waiting_lora_adapters=\"pirate\"", StringComparison.Ordinal);
        }
        Assert.True(isSeen, "no moment was seen at which one ran and one waited");
        foreach (HttpResponseMessage response in await Task.WhenAll(requests)) response.Dispose();
        Assert.Contains("running_lora_adapters=\"\",waiting_lora_adapters=\"\"", await Metrics());

        Task<string> Metrics() => server.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Adapters_that_are_not_in_memory_are_read_again()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = Engine(1, 1) });
        string pirate = await Ask(server, "pirate", Questions[0]), shout = await Ask(server, "shout", Questions[0]);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(pirate, await Ask(server, "pirate", Questions[0]));
            Assert.Equal(shout, await Ask(server, "shout", Questions[0]));
        }
    }

    [Fact]
    public async Task An_adapter_that_was_read_again_replaces_what_its_slot_held()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = Engine(2, 2) });
        string pirate = await Ask(server, "pirate", Questions[1]), shout = await Ask(server, "shout", Questions[1]);
        // A third one takes the place of the first in memory, and is not asked for: the slots stay as they are.
        Assert.Equal(200, await Change(server, "load", new { lora_name = "third", lora_path = Path.Combine(Demo, "shout") }));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(pirate, await Ask(server, "pirate", Questions[1]));
            Assert.Equal(200, await Change(server, "load", new { lora_name = "third", lora_path = Path.Combine(Demo, i % 2 == 0 ? "pirate" : "shout"), load_inplace = true }));
            Assert.Equal(shout, await Ask(server, "shout", Questions[1]));
        }
    }

    [Theory]
    [InlineData("awq")]
    [InlineData("gptq")]
    [InlineData("fp8")]
    public async Task Adapters_work_on_quantised_bases(string format)
    {
        string model = Path.Combine(GoldenFolder.Models, "demo", $"quire-demo-{format}");
        Assert.SkipUnless(Directory.Exists(model), $"no quire-demo-{format} here");
        await using TestServer server = await TestServer.Start(TestServer.Options with { Model = model, Engine = Engine(2) });
        string[] answers = await Task.WhenAll(new[] { "demo", "pirate", "shout" }.Select(name => Ask(server, name, Questions[1])));
        Assert.Equal(3, answers.Distinct().Count());
        Assert.Equal(answers[2].ToUpperInvariant(), answers[2]);
    }

    [Theory]
    [InlineData("""{"lora_name": "x", "lora_path": "/etc"}""", 500)]
    [InlineData("""{"lora_name": "x", "lora_path": "/nowhere"}""", 404)]
    [InlineData("""{"lora_name": 5, "lora_path": "/nowhere"}""", 400)]
    [InlineData("""{"lora_name": "demo", "lora_path": "/tmp"}""", 400)]
    [InlineData("""{"lora_name": "pirate", "lora_path": "/tmp"}""", 400)]
    [InlineData("""[]""", 400)]
    [InlineData("""{"lora_name": "x", "lora_path": "\u0000"}""", 404)]
    public async Task Bad_requests_for_adapters_are_answered_and_change_nothing(string body, int status)
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = Engine(2) });
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/v1/load_lora_adapter", UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
        JsonElement models = await server.Client.GetFromJsonAsync<JsonElement>("/v1/models", TestContext.Current.CancellationToken);
        Assert.Equal(["demo", "pirate", "shout"], models.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Prompts_of_different_adapters_share_no_keys_and_values()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options with { Engine = Engine(2), PromptTokensDetails = true });
        string text = string.Join(' ', Enumerable.Repeat("The capital of Portugal is Lisbon.", 12));
        Assert.Equal(0, await Cached("demo"));
        Assert.NotEqual(0, await Cached("demo"));
        Assert.Equal(0, await Cached("pirate"));
        Assert.NotEqual(0, await Cached("pirate"));
        Assert.Equal(200, await Change(server, "load", new { lora_name = "pirate", lora_path = Path.Combine(Demo, "pirate"), load_inplace = true }));
        Assert.Equal(0, await Cached("pirate"));

        async Task<int> Cached(string model)
        {
            using HttpResponseMessage response = await server.Client.PostAsJsonAsync("/v1/completions", new { model, prompt = text, max_tokens = 1 });
            JsonElement usage = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("usage");
            return usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
        }
    }

    [Fact]
    public async Task Without_the_flag_there_are_no_adapter_routes()
    {
        await using TestServer server = await TestServer.Start(TestServer.Options);
        Assert.Equal(404, await Change(server, "load", new { lora_name = "x", lora_path = "y" }));
    }

    private static async Task<string> Ask(TestServer server, string model, string question)
    {
        var body = new { model, messages = new[] { new { role = "user", content = question } }, max_tokens = 24, temperature = 0 };
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync("/v1/chat/completions", body);
        if (!response.IsSuccessStatusCode) return ((int)response.StatusCode).ToString();
        JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(model, answer.GetProperty("model").GetString());
        return answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    private static async Task<int> Change(TestServer server, string what, object body)
    {
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync($"/v1/{what}_lora_adapter", body);
        return (int)response.StatusCode;
    }
}
