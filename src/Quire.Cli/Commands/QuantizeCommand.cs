using System.CommandLine;
using Quire.Formats;

namespace Quire.Cli;

/// <summary>quire quantize: writes a smaller checkpoint and says what it cost.</summary>
internal static class QuantizeCommand
{
    public static Command Create()
    {
        var flags = new ModelFlags();
        var output = new Option<string>("--output", "-o") { Description = "The folder to write; must be new or empty.", Required = true };
        var scheme = new Option<string>("--scheme") { Description = "int4 (weights in groups of 128), int8 or fp8 (weights, and inputs by row).", DefaultValueFactory = _ => "int4" };
        var text = new Option<string?>("--text") { Description = "A text file that the change is measured on. Default: a page of English inside this tool, enough to see a mistake, too little to rank schemes." };
        var command = new Command("quantize", "Write a quantised checkpoint (compressed-tensors), and measure what that changed: perplexity, or the rows of embedders and classifiers.") { output, scheme, text };
        flags.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            RoundedFormat format = parsed.GetValue(scheme) switch
            {
                "fp8" => RoundedFormat.Fp8,
                "int8" => RoundedFormat.Int8,
                "int4" => RoundedFormat.Int4,
                string other => throw new QuireException(ErrorKind.InvalidRequest, $"--scheme {other} is unknown; fp8, int8 and int4 are known.", param: "scheme"),
                null => RoundedFormat.Int4,
            };
            QuireOptions options = flags.Options(parsed);
            if (options.Quantization is not null) throw new QuireException(ErrorKind.InvalidRequest, "quire quantize takes --scheme, not --quantization.", param: "quantization");
            string model = flags.Model(parsed) ?? throw new QuireException(ErrorKind.InvalidRequest, "quire quantize needs a model.", param: "model");
            string sample = parsed.GetValue(text) is { } file ? await ReadAsync(file, cancellation) : SampleText();
            QuantizationReport report = await CheckpointQuantizer.QuantizeAsync(model, parsed.GetValue(output)!, format, sample, options, cancellation);
            Console.WriteLine($"{parsed.GetValue(output)}: {report.Modules} matrices in {parsed.GetValue(scheme)}, {report.Bytes / 1e6:0.0} MB of {report.SourceBytes / 1e6:0.0} MB");
            Console.WriteLine(Describe(report.Drift));
            return 0;
        });
        return command;
    }

    private static string Describe(QuantizationDrift drift) => drift switch
    {
        PerplexityDrift own => $"perplexity {own.Source:0.000} before, {own.Written:0.000} after ({(own.Written / own.Source) - 1:+0.00%;-0.00%}), over {own.Tokens} tokens",
        EmbeddingDrift own => $"embeddings before and after: cosine {own.MeanCosine:0.00000} on average, {own.WorstCosine:0.00000} at worst, over {own.Texts} sentences",
        LabelDrift own => $"probabilities before and after: {own.MeanChange:0.00000} apart on average, {own.WorstChange:0.00000} at worst, over {own.Texts} sentences",
        _ => throw new ArgumentException($"{drift.GetType().Name} has no words here", nameof(drift)),
    };

    private static async Task<string> ReadAsync(string file, CancellationToken cancellation) => File.Exists(file)
        ? await File.ReadAllTextAsync(file, cancellation)
        : throw new QuireException(ErrorKind.NotFound, $"--text {file} does not exist.", param: "text");

    private static string SampleText()
    {
        using Stream stream = typeof(QuantizeCommand).Assembly.GetManifestResourceStream("Quire.Cli.sample-text.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
