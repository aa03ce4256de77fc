using System.Text.Json;
using Quire.Golden;

namespace Quire.Server.Tests.Http;

/// <summary>The recorded exchanges about adapters. They depend on each other, so they run in the file's order against one server.</summary>
[Trait("golden", "http")]
public sealed class LoraHttpTests : IDisposable
{
    private readonly string adapters = Directory.CreateTempSubdirectory("quire-adapters-").FullName;

    [Fact]
    public async Task Adapters_come_go_and_answer_as_recorded()
    {
        string? golden = GoldenFolder.Find("http"), model = HttpGoldenTests.Servers.Model;
        Assert.SkipWhen(golden is null || !File.Exists(Path.Combine(golden, "cases", "lora.json")), "no golden/http/cases/lora.json here");
        Assert.SkipWhen(model is null, "no smollm2 model here");
        foreach (string folder in Directory.GetDirectories(Path.Combine(golden!, "adapters"))) Copy(folder, Path.Combine(adapters, Path.GetFileName(folder)));
        Directory.CreateDirectory(Path.Combine(adapters, "bad"));
        File.WriteAllText(Path.Combine(adapters, "bad", "adapter_config.json"), "{not json");
        File.WriteAllText(Path.Combine(adapters, "bad", "adapter_model.safetensors"), "garbage");
        WriteLarge(Path.Combine(adapters, "r64"));
        await using TestServer server = await TestServer.Start(HttpGoldenTests.Servers.Options("locked", model!) with
        {
            Engine = HttpGoldenTests.Servers.Options("locked", model!).Engine with { EnableLora = true, MaxLoraRank = 16, LoraModules = [new LoraModuleOption("static-ad", Path.Combine(adapters, "ad1"))] },
        });
        List<string> problems = [];
        foreach (JsonElement c in JsonDocument.Parse(File.ReadAllText(Path.Combine(golden!, "cases", "lora.json")).Replace("<adapters>", adapters, StringComparison.Ordinal)).RootElement.EnumerateArray())
        {
            var recorded = new HttpCase(c.GetProperty("name").GetString()!, "locked", c.GetProperty("compare").GetString()!, c.GetProperty("request"), c.GetProperty("response"), c.TryGetProperty("trace", out JsonElement trace) ? trace : null);
            using HttpRequestMessage request = recorded.Message(server.Client.BaseAddress!);
            using HttpResponseMessage response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
            string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            if (HttpComparer.Compare(recorded, (int)response.StatusCode, body) is { } problem) problems.Add($"{recorded.Id}: {problem}");
            if (c.GetProperty("response").TryGetProperty("text", out JsonElement text) && text.GetString() != body) problems.Add($"{recorded.Id}: {body}, recorded {text}");
        }
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    public void Dispose() => Directory.Delete(adapters, recursive: true);

    // Rank 64 where the server accepts 16: one module of the first layer.
    private static void WriteLarge(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), """{"peft_type": "LORA", "r": 64, "lora_alpha": 64}""");
        const string module = "base_model.model.model.layers.0.self_attn.q_proj";
        Formats.SafetensorsPart Part(string name, long rows, long columns) => new($"{module}.{name}.weight", "BF16", new Tensors.Shape(rows, columns), rows * columns * 2, stream => stream.Write(new byte[rows * columns * 2]));
        Formats.SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), [Part("lora_A", 64, 576), Part("lora_B", 576, 64)]);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
