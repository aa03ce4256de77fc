using System.Text.Json;
using Quire.Conformance.Models;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Lora;

[Trait("golden", "lora")]
public sealed class LoraTests
{
    private static string? Root => GoldenFolder.Find("lora");

    public static IEnumerable<TheoryDataRow<string>> Adapters => Names("adapters");

    public static IEnumerable<TheoryDataRow<string>> Broken => Names("broken");

    public static IEnumerable<TheoryDataRow<string>> Bases => Names("base");

    [Theory, MemberData(nameof(Adapters))]
    public void Logits_and_greedy_tokens_are_the_references(string name)
    {
        using JsonDocument golden = Golden(name, "adapters");
        JsonElement expected = golden.RootElement.GetProperty("adapters").GetProperty(name);
        string baseName = expected.GetProperty("base").GetString()!;
        using var runner = new ForwardRunner(Path.Combine(Root!, "base", baseName));
        string folder = Path.Combine(Root!, "adapters", name);
        if (ReplacesModules(folder) is { } saved)
        {
            QuireException refused = Assert.Throws<QuireException>(() => runner.LoadAdapter(0, folder));
            Assert.Contains($"modules_to_save is {saved}", refused.Message, StringComparison.Ordinal);
            return;
        }
        // Not the first slot, and one that others use beside it.
        runner.LoadAdapter(2, folder);
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(Root!, "golden.safetensors"));
        double tolerance = expected.GetProperty("tolerance_f32").GetDouble();
        Compare(runner, 2, expected.GetProperty("prompts"), Rows(tensors, $"adapter.{name}.last_logits"), tolerance);
        if (tensors.Tensors.ContainsKey($"adapter.{name}.base_prompts.last_logits"))
            Compare(runner, 2, golden.RootElement.GetProperty("base").GetProperty(baseName).GetProperty("prompts"), Rows(tensors, $"adapter.{name}.base_prompts.last_logits"), tolerance, withGreedy: false);
        Compare(runner, -1, golden.RootElement.GetProperty("base").GetProperty(baseName).GetProperty("prompts"), Rows(tensors, $"base.{baseName}.last_logits"), 5e-4);
    }

    [Theory, MemberData(nameof(Adapters))]
    public void Over_a_GGUF_copy_of_the_base_logits_are_the_same(string name)
    {
        using JsonDocument golden = Golden(name, "adapters");
        JsonElement expected = golden.RootElement.GetProperty("adapters").GetProperty(name);
        string folder = Path.Combine(Root!, "adapters", name), file = Path.ChangeExtension(Path.GetTempFileName(), ".gguf");
        Assert.SkipWhen(ReplacesModules(folder) is not null, $"{name} replaces modules, which is refused anyway");
        try
        {
            using (Checkpoint origin = Checkpoint.Open(Path.Combine(Root!, "base", expected.GetProperty("base").GetString()!)))
            {
                if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
                File.WriteAllBytes(file, GgufCopy.Build(origin));
            }
            using var runner = new ForwardRunner(file);
            using (LoraCheckpoint adapter = LoraCheckpoint.Open(folder))
            {
                if (adapter.Modules.Values.Any(module => module.Bias is not null))
                {
                    Assert.Contains("biases that an adapter has trained need a base of safetensors", Assert.Throws<QuireException>(() => runner.LoadAdapter(0, folder)).Message, StringComparison.Ordinal);
                    return;
                }
            }
            runner.LoadAdapter(1, folder);
            using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(Root!, "golden.safetensors"));
            Compare(runner, 1, expected.GetProperty("prompts"), Rows(tensors, $"adapter.{name}.last_logits"), expected.GetProperty("tolerance_f32").GetDouble());
        }
        finally
        {
            File.Delete(file);
        }
    }

    // The labels' head is made of the base's rows once; the adapter would change nothing there, and nobody would see it.
    [Theory, MemberData(nameof(Adapters))]
    public void An_adapter_of_the_LM_head_is_refused_where_labels_are_made_of_it(string name)
    {
        using JsonDocument golden = Golden(name, "adapters");
        string folder = Path.Combine(Root!, "adapters", name);
        Assert.SkipWhen(ReplacesModules(folder) is not null, $"{name} replaces modules, which is refused anyway");
        using LoraCheckpoint adapter = LoraCheckpoint.Open(folder);
        bool changesHead = adapter.Modules.Keys.Any(module => module.Contains("lm_head", StringComparison.Ordinal));
        var pooler = new PoolerSpec(Pooling.Last) { Labels = ["LABEL_0"], Tokens = new LabelTokens(["no", "yes"], IsDifference: true) { Ids = [5, 6] } };
        using var runner = new ForwardRunner(Path.Combine(Root!, "base", golden.RootElement.GetProperty("adapters").GetProperty(name).GetProperty("base").GetString()!), change: spec => spec with { Pooler = pooler });
        if (changesHead) Assert.Contains("lm_head, which is no module of this model that adapters can change", Assert.Throws<QuireException>(() => runner.LoadAdapter(0, folder)).Message, StringComparison.Ordinal);
        else runner.LoadAdapter(0, folder);
    }

    [Theory, MemberData(nameof(Bases))]
    public void The_base_alone_gives_the_references_logits(string name)
    {
        using JsonDocument golden = Golden(name, "base");
        using var runner = new ForwardRunner(Path.Combine(Root!, "base", name));
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(Root!, "golden.safetensors"));
        JsonElement expected = golden.RootElement.GetProperty("base").GetProperty(name);
        Compare(runner, -1, expected.GetProperty("prompts"), Rows(tensors, $"base.{name}.last_logits"), expected.GetProperty("tolerance_f32").GetDouble());
    }

    [Fact]
    public void Rows_of_a_mixed_batch_are_bit_for_bit_those_of_each_alone()
    {
        if (Root is null) Assert.Skip("no golden/lora here");
        using JsonDocument golden = Golden("mixed", "adapters");
        JsonElement mixed = golden.RootElement.GetProperty("mixed_batch");
        string baseName = mixed.GetProperty("base").GetString()!;
        using var runner = new ForwardRunner(Path.Combine(Root!, "base", baseName));
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(Root!, "golden.safetensors"));
        int[][] prompts = [.. golden.RootElement.GetProperty("base").GetProperty(baseName).GetProperty("prompts").EnumerateArray().Select(p => Ints(p.GetProperty("ids")))];
        Dictionary<string, int> slots = [];
        List<(int[] Prompt, int Slot, float[] Expected)> requests = [];
        foreach (JsonElement request in mixed.GetProperty("requests").EnumerateArray())
        {
            int prompt = request.GetProperty("prompt").GetInt32();
            if (request.GetProperty("adapter").GetString() is not { } adapter)
            {
                requests.Add((prompts[prompt], -1, Rows(tensors, $"base.{baseName}.last_logits")[prompt]));
                continue;
            }
            string folder = Path.Combine(Root!, "adapters", adapter);
            if (ReplacesModules(folder) is not null) continue;
            if (!slots.TryGetValue(adapter, out int slot))
            {
                slots[adapter] = slot = slots.Count;
                runner.LoadAdapter(slot, folder);
            }
            requests.Add((prompts[prompt], slot, Rows(tensors, $"adapter.{adapter}.base_prompts.last_logits")[prompt]));
        }
        float[][][] together = runner.Logits([.. requests.Select(r => r.Prompt)], [.. requests.Select(r => r.Slot)]);
        for (int i = 0; i < requests.Count; i++)
        {
            float[][] alone = runner.Logits([requests[i].Prompt], [requests[i].Slot])[0];
            Assert.Equal(alone[^1], together[i][^1]);
            Assert.True(Distance(requests[i].Expected, together[i][^1]) <= 1e-3, $"request {i}: {Distance(requests[i].Expected, together[i][^1]):g3}");
        }
    }

    [Theory, MemberData(nameof(Broken))]
    public void Broken_adapters_are_refused_with_the_reason(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/lora/broken here");
        using var runner = new ForwardRunner(Path.Combine(Root!, "base", "llama"));
        QuireException refused = Assert.Throws<QuireException>(() => runner.LoadAdapter(0, Path.Combine(Root!, "broken", name)));
        TestContext.Current.SendDiagnosticMessage($"{name}: {refused.Message}");
        Assert.Contains(Path.Combine(Root!, "broken", name), refused.Message, StringComparison.Ordinal);
        // The model goes on as it was.
        float[] before = runner.LastLogits([5, 6, 7]);
        Assert.DoesNotContain(before, value => !float.IsFinite(value));
    }

    private static void Compare(ForwardRunner runner, int slot, JsonElement prompts, float[][] last, double tolerance, bool withGreedy = true)
    {
        JsonElement[] all = [.. prompts.EnumerateArray()];
        int[][] ids = [.. all.Select(p => Ints(p.GetProperty("ids")))], greedy = [.. all.Select(p => Ints(p.GetProperty("greedy")))];
        float[][][] logits = runner.Logits([.. ids.Select((prompt, i) => withGreedy ? prompt.Concat(greedy[i]).ToArray() : prompt)], [.. ids.Select(_ => slot)]);
        for (int prompt = 0; prompt < ids.Length; prompt++)
        {
            int end = ids[prompt].Length - 1;
            Assert.True(Distance(last[prompt], logits[prompt][end]) <= tolerance, $"prompt {prompt}: {Distance(last[prompt], logits[prompt][end]):g3}, tolerance {tolerance:g3}");
            if (!withGreedy) continue;
            double[] margins = [.. all[prompt].GetProperty("margins").EnumerateArray().Select(m => m.GetDouble())];
            for (int step = 0; step < margins.Length && margins[step] >= 2 * tolerance; step++)
            {
                float[] row = logits[prompt][end + step];
                Assert.True(greedy[prompt][step] == Array.IndexOf(row, row.Max()), $"prompt {prompt} step {step}");
            }
        }
    }

    private static string? ReplacesModules(string folder)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "adapter_config.json")));
        return config.RootElement.TryGetProperty("modules_to_save", out JsonElement saved) && saved.ValueKind == JsonValueKind.Array && saved.GetArrayLength() > 0
            ? string.Join(", ", saved.EnumerateArray().Select(name => name.GetString()))
            : null;
    }

    private static IEnumerable<TheoryDataRow<string>> Names(string folder) =>
        Root is { } root && Directory.Exists(Path.Combine(root, folder)) && Directory.GetDirectories(Path.Combine(root, folder)).Order().ToArray() is { Length: > 0 } found
            ? found.Select(path => new TheoryDataRow<string>(Path.GetFileName(path)!))
            : [new TheoryDataRow<string>("")];

    private static JsonDocument Golden(string name, string folder)
    {
        if (name.Length == 0) Assert.Skip($"no golden/lora/{folder} here");
        return GoldenFolder.ReadJson(Path.Combine(Root!, "golden.json"));
    }

    private static float[][] Rows(SafetensorsFile file, string name)
    {
        Tensor view = file.Tensors[name].View;
        return [.. view.AsSpan<float>().ToArray().Chunk((int)view.Shape.Columns)];
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max();

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
}
