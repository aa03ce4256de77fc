using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Quire.Engine;
using Quire.Formats;

namespace Quire.Cli;

/// <summary>quire bench model and make-model: the engine alone, without HTTP.</summary>
internal static class ModelCommand
{
    private static Option<string[]> Shapes(string description) => new("--shapes") { Description = $"{description}: {string.Join(", ", ModelShapes.Known.Select(shapes => shapes.Name))}.", AllowMultipleArgumentsPerToken = true };

    public static Command CreateMake()
    {
        Option<string[]> shapes = Shapes("Models to take the dimensions of");
        var gguf = new Option<string?>("--gguf") { Description = $"Write GGUF files with matrices of this type instead: {RandomGguf.TypeNames}." };
        var output = new Option<string>("--out") { Description = "Folder; each model becomes a folder in it, or a file with --gguf. A name that ends in .gguf is that of the file itself.", DefaultValueFactory = _ => "." };
        var command = new Command("make-model", "Write checkpoints with the dimensions of known models and random weights: folders of bf16, or GGUF files.");
        command.Options.Add(shapes);
        command.Options.Add(gguf);
        command.Options.Add(output);
        command.SetAction(parsed =>
        {
            Make(Given(parsed.GetValue(shapes)), parsed.GetValue(gguf) is { } name ? RandomGguf.TypeNamed(name) : null, parsed.GetValue(output)!);
            return 0;
        });
        return command;
    }

    private static void Make(string[] names, GgmlType? type, string output)
    {
        bool isFile = output.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
        if (isFile && type is null)
            throw new QuireException(ErrorKind.InvalidRequest, $"--out {output} names a GGUF file; say with --gguf what it holds ({RandomGguf.TypeNames}), or name a folder.", param: "out");
        if (isFile && names.Length > 1)
            throw new QuireException(ErrorKind.InvalidRequest, $"--out {output} is one file, and --shapes names {names.Length} models; name a folder.", param: "out");
        foreach (ModelShapes shapes in names.Select(ModelShapes.Named).ToArray())
        {
            string path = isFile ? output : Path.Combine(output, type is null ? shapes.Name : $"{shapes.Name}.{RandomGguf.Name(type.Value)}.gguf");
            if (type is null) RandomModel.Write(shapes, path);
            else RandomGguf.Write(shapes, type.Value, path);
            Console.WriteLine($"{path}: {new FileInfo(type is null ? Path.Combine(path, "model.safetensors") : path).Length / 1e9:0.00} GB");
        }
    }

    public static Command CreateBench()
    {
        var flags = new ModelFlags();
        Option<string[]> shapes = Shapes("Random models of these dimensions instead of a given model, made anew in a temporary folder");
        var prefill = new Option<int[]>("--prefill") { Description = "Lengths of prompts.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [512, 2048] };
        var streams = new Option<int[]>("--streams") { Description = "Streams that decode at once.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 8, 32, 64] };
        var contexts = new Option<int[]>("--context") { Description = "Tokens before the decoded ones.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [128, 1024] };
        var steps = new Option<int>("--steps") { Description = "Decoded tokens of each stream.", DefaultValueFactory = _ => 32 };
        var repeats = new Option<int>("--repeats") { Description = "Runs of each; medians are printed.", DefaultValueFactory = _ => 3 };
        var command = new Command("model", "Tokens per second of the engine: prefill by length, decode by streams and context.");
        flags.AddTo(command);
        foreach (Option option in (Option[])[shapes, prefill, streams, contexts, steps, repeats]) command.Options.Add(option);
        command.SetAction(async (parsed, cancellation) =>
        {
            var plan = new Plan(
                BenchArguments.Positive("--prefill", parsed.GetValue(prefill)!),
                BenchArguments.Positive("--streams", parsed.GetValue(streams)!),
                BenchArguments.Positive("--context", parsed.GetValue(contexts)!),
                BenchArguments.Positive("--steps", parsed.GetValue(steps)),
                BenchArguments.Positive("--repeats", parsed.GetValue(repeats)));
            QuireOptions options = flags.Options(parsed) with { PrefixCaching = false };
            if (parsed.GetValue(shapes) is not { Length: > 0 } names)
            {
                string model = flags.Model(parsed) ?? throw new QuireException(ErrorKind.InvalidRequest, "Name a model, or dimensions with --shapes.", param: "model");
                await Run(model, model, options, plan, cancellation);
                return 0;
            }
            foreach (string name in names)
            {
                string folder = Directory.CreateTempSubdirectory("quire-bench").FullName;
                try
                {
                    RandomModel.Write(ModelShapes.Named(name), folder);
                    await Run(folder, $"{name}, random weights", options, plan, cancellation);
                }
                finally
                {
                    Directory.Delete(folder, true);
                }
            }
            return 0;
        });
        return command;
    }

    private sealed record Plan(int[] Prefill, int[] Streams, int[] Contexts, int Steps, int Repeats);

    private static string[] Given(string[]? names) => names is { Length: > 0 } ? names : throw new QuireException(ErrorKind.InvalidRequest, "--shapes is missing.", param: "shapes");

    // Nobody asked for the length by name, so the error speaks of what did.
    private static async Task<QuireEngine> Load(string path, QuireOptions options, int longest)
    {
        try
        {
            return await TextModel.LoadAsync(path, options with { MaxModelLength = options.MaxModelLength ?? longest }, "bench model");
        }
        catch (QuireException refused) when (refused.Param == "max-model-len" && options.MaxModelLength is null)
        {
            throw new QuireException(refused.Kind, $"{refused.Message} The measurement takes sequences of {longest} tokens; give smaller numbers to --prefill, --context or --steps.", param: "prefill");
        }
    }

    private static async Task Run(string path, string name, QuireOptions options, Plan plan, CancellationToken cancellation)
    {
        int longest = Math.Max(plan.Prefill.DefaultIfEmpty(1).Max(), plan.Contexts.DefaultIfEmpty(1).Max()) + plan.Steps + 16;
        if (options.MaxModelLength is { } limit && limit < longest)
            throw new QuireException(ErrorKind.InvalidRequest, $"--max-model-len {limit} is shorter than the {longest} tokens that --prefill, --context and --steps ask for.", param: "max-model-len");
        long start = Stopwatch.GetTimestamp();
        await using QuireEngine engine = await Load(path, options, longest);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {engine.Device}, weights {engine.Memory.WeightBytes / 1e6:0} MB {engine.WeightType}, activations {engine.Activations}, keys and values {engine.KvType}; loaded in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s"));
        var random = new Random(5);
        foreach (int length in plan.Prefill)
        {
            double seconds = await Median(plan.Repeats, () => Prefill(engine, Prompt(length), cancellation));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"prefill {length,5}                     {length / seconds,9:0.0} tokens/s"));
        }
        foreach (int context in plan.Contexts)
        {
            foreach (int count in plan.Streams)
            {
                double seconds = await Median(plan.Repeats, () => Step(engine, [.. Enumerable.Range(0, count).Select(_ => Prompt(context))], plan.Steps, null, cancellation));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"decode {count,3} streams, context {context,5} {count / seconds,9:0.0} tokens/s, {seconds * 1000,7:0.00} ms a step"));
            }
        }

        int[] Prompt(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(10, engine.Tokenizer.VocabularySize - 10))];
    }

    private static async Task<double> Median(int repeats, Func<Task<double>> measure)
    {
        await measure();
        var values = new double[repeats];
        for (int i = 0; i < repeats; i++) values[i] = await measure();
        return values.Order().ElementAt(repeats / 2);
    }

    private static async Task<double> Prefill(QuireEngine engine, int[] prompt, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        await engine.GenerateAsync(Request(prompt, 1), cancellation);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Seconds of a step: from the moment when all streams run to the last one's end.</summary>
    /// <param name="adapter">Adapter of each stream; null for none.</param>
    public static async Task<double> Step(QuireEngine engine, int[][] prompts, int steps, Func<int, string>? adapter, CancellationToken cancellation)
    {
        long[] first = new long[prompts.Length], last = new long[prompts.Length];
        await Task.WhenAll(prompts.Select((prompt, i) => Task.Run(async () =>
        {
            await foreach (GenerationChunk _ in engine.StreamAsync(Request(prompt, steps + 1) with { Adapter = adapter?.Invoke(i) }, cancellation))
            {
                last[i] = Stopwatch.GetTimestamp();
                if (first[i] == 0) first[i] = last[i];
            }
        })));
        return Stopwatch.GetElapsedTime(first.Max(), last.Max()).TotalSeconds / steps;
    }

    private static GenerationRequest Request(int[] prompt, int tokens) =>
        new() { PromptTokens = prompt, Sampling = SamplingParameters.Greedy with { MaxTokens = tokens, IgnoreEos = true } };
}
