using System.CommandLine;
using System.Globalization;
using Quire.Engine;
using Quire.Formats;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Cli;

/// <summary>quire bench host: what a decode step costs beside the device's work.</summary>
internal static class HostCommand
{
    private const int Prompt = 16, WarmRounds = 12, Rounds = 4;

    public static Command Create()
    {
        var shapes = new Option<string>("--shapes") { Description = $"Dimensions of the model: {string.Join(", ", ModelShapes.Known.Select(known => known.Name))}.", DefaultValueFactory = _ => "smollm2-135m" };
        var sequences = new Option<int>("--sequences") { Description = "Sequences of a step.", DefaultValueFactory = _ => 256 };
        var steps = new Option<int>("--steps") { Description = $"Steps of a round; {Rounds} rounds are measured, behind {WarmRounds} in which code is compiled.", DefaultValueFactory = _ => 250 };
        var command = new Command("host", "The host's work of a decode step: scheduling, batches, operations, outputs, on a device that computes nothing.");
        foreach (Option option in (Option[])[shapes, sequences, steps]) command.Options.Add(option);
        command.SetAction(async (parsed, cancellation) =>
        {
            int count = BenchArguments.Positive("--sequences", parsed.GetValue(sequences)), measured = BenchArguments.Positive("--steps", parsed.GetValue(steps));
            string folder = Directory.CreateTempSubdirectory("quire-bench").FullName;
            try
            {
                RandomModel.Write(ModelShapes.Named(parsed.GetValue(shapes)!), folder);
                await Run(folder, parsed.GetValue(shapes)!, count, measured, cancellation);
            }
            finally
            {
                Directory.Delete(folder, true);
            }
            return 0;
        });
        return command;
    }

    private static async Task Run(string folder, string name, int sequences, int steps, CancellationToken cancellation)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        using var device = new NullDevice();
        ModelSpec spec = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
        int length = Prompt + steps, blocks = (sequences * ((length / KvLayout.BlockTokens) + 1)) + 1;
        var executorOptions = new ExecutorOptions
        {
            MaxBatchedTokens = Math.Max(2048, sequences),
            MaxSequences = sequences,
            MaxModelLength = length + 1,
            Blocks = blocks,
            KvType = DType.BF16,
            LogitsRows = Math.Min(64, sequences),
        };
        TransformerModel model = TransformerModel.Load(checkpoint, spec, device, length + 1);
        var clock = new StepClock(new ModelExecutor(device, model, executorOptions), sequences, (WarmRounds + Rounds) * steps);
        var scheduler = new SchedulerOptions { MaxSequences = sequences, MaxBatchedTokens = executorOptions.MaxBatchedTokens, MaxModelLength = length + 1, Blocks = blocks };
        int warm = 0;
        using (var engine = new InferenceEngine(scheduler, clock, sequences))
        {
            for (int round = 0; round < WarmRounds + Rounds; round++)
            {
                if (round == WarmRounds) warm = clock.Count;
                await Round(engine, sequences, steps, cancellation);
            }
        }
        double[] times = [.. clock.Seconds.Skip(warm).Order()];
        long[] bytes = [.. clock.Bytes.Skip(warm).Order()];
        if (times.Length == 0) throw new QuireException(ErrorKind.InvalidRequest, "Too few steps ran whole; ask for more --steps.", param: "steps");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}, {sequences} sequences, {times.Length} steps: {times[times.Length / 2] * 1e6:0} us a step (median), {times[times.Length / 10] * 1e6:0} (first decile), {times[times.Length * 9 / 10] * 1e6:0} (last), {bytes[bytes.Length / 2]} bytes allocated (median), any in {bytes.Count(allocated => allocated > 0)} steps"));
    }

    private static Task Round(InferenceEngine engine, int sequences, int steps, CancellationToken cancellation)
    {
        SamplingParameters parameters = SamplingParameters.Greedy with { MaxTokens = steps, IgnoreEos = true };
        GenerationStream[] streams = [.. Enumerable.Range(0, sequences).Select(i =>
            engine.Submit(new EngineRequest { Id = "bench", Prompt = [.. Enumerable.Range(0, Prompt).Select(t => 10 + (i * Prompt) + t)], Parameters = parameters }))];
        return Task.WhenAll(streams.Select(async stream =>
        {
            await foreach (EngineOutput _ in stream.Outputs.ReadAllAsync(cancellation))
            {
            }
        }));
    }
}
