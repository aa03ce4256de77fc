using System.Text.Json;
using Quire.Golden;

namespace Quire.Server.Tests.Http;

/// <summary>Replays recorded exchanges of vLLM's server against this one, with the same model in float32.</summary>
[Trait("golden", "http")]
public sealed class HttpGoldenTests(HttpGoldenTests.Servers servers) : IClassFixture<HttpGoldenTests.Servers>
{
    /// <summary>Groups that this server has endpoints for.</summary>
    private static readonly string[] Groups = ["chat", "completions", "tokenize", "errors", "surface", "auth", "pooling"];

    private static readonly Dictionary<string, HttpCase> All = Read();

    private static readonly Dictionary<string, string> Deviations =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "http-deviations.json"))).RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);

    public static IEnumerable<TheoryDataRow<string>> Names => All.Count > 0 ? All.Keys.Select(name => new TheoryDataRow<string>(name)) : [new TheoryDataRow<string>("")];

    [Theory, MemberData(nameof(Names))]
    public async Task The_answer_is_the_recorded_one(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/http here");
        if (Servers.Model is null) Assert.Skip("no SmolLM2 here");
        HttpCase c = All[name];
        if (Deviations.TryGetValue(c.Id, out string? reason)) Assert.Skip($"{name}: {reason}");
        TestServer server = await servers.Get(c.Config);
        using HttpRequestMessage request = c.Message(server.Client.BaseAddress!);
        using HttpResponseMessage response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if ((int)response.StatusCode == 501) Assert.Skip($"{name}: {JsonDocument.Parse(body).RootElement.GetProperty("error").GetProperty("message")}");
        if (HttpComparer.Compare(c, (int)response.StatusCode, body) is { } problem) Assert.Fail(problem);
    }

    private static Dictionary<string, HttpCase> Read()
    {
        Dictionary<string, HttpCase> cases = [];
        if (GoldenFolder.Find("http/cases") is not { } folder) return cases;
        foreach (string group in Groups)
        {
            string file = Path.Combine(folder, group + ".json");
            if (!File.Exists(file)) continue;
            JsonElement root = JsonDocument.Parse(File.ReadAllBytes(file)).RootElement;
            foreach (JsonElement c in (root.ValueKind == JsonValueKind.Array ? root : root.GetProperty("cases")).EnumerateArray())
            {
                string config = c.GetProperty("config").GetString()!;
                if (config is not ("default" or "locked" or "embed")) continue;
                string id = c.GetProperty("name").GetString()!;
                cases[$"{group}/{id}"] = new HttpCase(id, config, c.GetProperty("compare").GetString()!, c.GetProperty("request"), c.GetProperty("response"), c.TryGetProperty("trace", out JsonElement trace) ? trace : null);
            }
        }
        return cases;
    }

    /// <summary>One server per recorded configuration, started when first asked for.</summary>
    public sealed class Servers : IAsyncLifetime
    {
        private readonly Dictionary<string, Task<TestServer>> running = [];

        public static string? Model => Directory.Exists(Path.Combine(GoldenFolder.Models, "smollm2")) ? Directory.GetFiles(Path.Combine(GoldenFolder.Models, "smollm2"), "*.gguf").FirstOrDefault() : null;

        public Task<TestServer> Get(string config)
        {
            lock (running)
            {
                if (!running.TryGetValue(config, out Task<TestServer>? server)) running[config] = server = TestServer.Start(Options(config, Model!));
                return server;
            }
        }

        internal static ServerOptions Options(string config, string model)
        {
            ServerOptions options = new()
            {
                Model = model,
                Port = 0,
                ServedModelNames = ["smollm2"],
                RequestIdHeaders = true,
                Engine = new QuireOptions { DType = "float32", MaxModelLength = 2048, KvCacheBytes = 512 << 20, GenerationConfig = "vllm" },
            };
            if (config == "embed") return options with { Engine = options.Engine with { Runner = "pooling" } };
            if (config != "locked") return options;
            LoraModuleOption[] adapters = [new("static-ad", Path.Combine(GoldenFolder.Find("http")!, "adapters", "ad1"))];
            return options with
            {
                ApiKeys = ["key-one", "key-two"],
                AllowedOrigins = ["http://a.example"],
                ServedModelNames = ["smollm2", "base"],
                Engine = options.Engine with { EnableLora = true, LoraModules = adapters },
            };
        }

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            foreach (Task<TestServer> server in running.Values) await (await server).DisposeAsync();
        }
    }
}
