using System.CommandLine;
using System.Globalization;
using Quire.Formats;
using Quire.Models;

namespace Quire.Cli;

/// <summary>quire bench lora: what adapters cost a decode step.</summary>
internal static class LoraCommand
{
    public static Command Create()
    {
        var flags = new ModelFlags();
        var adapters = new Option<int[]>("--adapters") { Description = "Different adapters in a step; streams take them in turn.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 8, 32] };
        var rank = new Option<int>("--rank") { Description = "Rank of every adapter; all projections have one.", DefaultValueFactory = _ => 8 };
        var streams = new Option<int>("--streams") { Description = "Streams that decode at once.", DefaultValueFactory = _ => 32 };
        var steps = new Option<int>("--steps") { Description = "Decoded tokens of each stream.", DefaultValueFactory = _ => 32 };
        var repeats = new Option<int>("--repeats") { Description = "Pairs of runs, with and without adapters in turn; the median ratio is printed.", DefaultValueFactory = _ => 7 };
        var command = new Command("lora", "A decode step with adapters, compared with one without.");
        flags.AddTo(command);
        foreach (Option option in (Option[])[adapters, rank, streams, steps, repeats]) command.Options.Add(option);
        command.SetAction(async (parsed, cancellation) =>
        {
            string model = BuiltInModel.Choose(flags.Model(parsed), "bench lora");
            int[] counts = BenchArguments.Positive("--adapters", parsed.GetValue(adapters)!);
            int count = BenchArguments.Positive("--streams", parsed.GetValue(streams)), runs = BenchArguments.Positive("--repeats", parsed.GetValue(repeats));
            string folder = Directory.CreateTempSubdirectory("quire-bench").FullName;
            try
            {
                LoraModuleOption[] modules = Write(model, flags.Options(parsed), counts.Max(), BenchArguments.Positive("--rank", parsed.GetValue(rank)), folder);
                QuireOptions options = flags.Options(parsed) with { PrefixCaching = false, EnableLora = true, MaxLoras = modules.Length, MaxLoraRank = parsed.GetValue(rank), LoraModules = modules };
                await using QuireEngine engine = await TextModel.LoadAsync(model, options, "bench lora");
                foreach (int different in counts) await Compare(engine, modules[..different], count, BenchArguments.Positive("--steps", parsed.GetValue(steps)), runs, cancellation);
            }
            finally
            {
                Directory.Delete(folder, true);
            }
            return 0;
        });
        return command;
    }

    private static LoraModuleOption[] Write(string model, QuireOptions options, int count, int rank, string folder)
    {
        using Checkpoint checkpoint = Checkpoint.Open(ModelLocation.Find(model), options.Overrides());
        ModelSpec spec = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
        var modules = new LoraModuleOption[count];
        for (int i = 0; i < count; i++)
        {
            modules[i] = new LoraModuleOption($"adapter-{i}", Path.Combine(folder, $"adapter-{i}"));
            RandomAdapter.Write(spec, rank, i, modules[i].Path);
        }
        return modules;
    }

    private static async Task Compare(QuireEngine engine, LoraModuleOption[] modules, int streams, int steps, int runs, CancellationToken cancellation)
    {
        var random = new Random(5);
        int[][] prompts = [.. Enumerable.Range(0, streams).Select(_ => Enumerable.Range(0, 64).Select(_ => random.Next(10, engine.Tokenizer.VocabularySize - 10)).ToArray())];
        await ModelCommand.Step(engine, prompts, steps, null, cancellation);
        List<(double Base, double Adapted)> pairs = [];
        for (int i = 0; i < runs; i++)
        {
            double plain = await ModelCommand.Step(engine, prompts, steps, null, cancellation);
            pairs.Add((plain, await ModelCommand.Step(engine, prompts, steps, stream => modules[stream % modules.Length].Name, cancellation)));
        }
        double ratio = pairs.Select(pair => pair.Adapted / pair.Base).Order().ElementAt(runs / 2), with = pairs.Select(pair => pair.Adapted).Order().ElementAt(runs / 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{modules.Length,3} adapters, {streams} streams: {with * 1000,7:0.00} ms a step, {ratio:0.00} of a step without"));
    }
}
