using System.Text.RegularExpressions;
using Quire.Engine;

namespace Quire;

/// <summary>What one checkpoint makes of a text: how well it predicts it, or a row for each of its sentences.</summary>
internal sealed partial class QuantizationMeasurement
{
    private const int Window = 512;

    private readonly RunnerKind runner;
    private readonly double[] losses = [];
    private readonly float[][] rows = [];

    private QuantizationMeasurement(RunnerKind runner, double[] losses, float[][] rows) => (this.runner, this.losses, this.rows) = (runner, losses, rows);

    /// <exception cref="QuireException">The text is too short.</exception>
    public static async Task<QuantizationMeasurement> OfAsync(string path, QuireOptions options, string text, CancellationToken cancellationToken)
    {
        await using QuireEngine engine = await QuireEngine.LoadAsync(path, options with { MaxQueuedRequests = int.MaxValue }).ConfigureAwait(false);
        return engine.Runner == RunnerKind.Generate
            ? new QuantizationMeasurement(engine.Runner, await Losses(engine, text, cancellationToken).ConfigureAwait(false), [])
            : new QuantizationMeasurement(engine.Runner, [], await Rows(engine, text, cancellationToken).ConfigureAwait(false));
    }

    /// <param name="other">Of the same text.</param>
    public QuantizationDrift DriftTo(QuantizationMeasurement other)
    {
        if (runner == RunnerKind.Generate) return new PerplexityDrift(losses.Length, Math.Exp(losses.Average()), Math.Exp(other.losses.Average()));
        if (runner == RunnerKind.Classify)
        {
            double[] changes = [.. rows.Zip(other.rows, (before, after) => before.Zip(after, (p, q) => (double)Math.Abs(p - q)).Max())];
            return new LabelDrift(rows.Length, changes.Average(), changes.Max());
        }
        double[] cosines = [.. rows.Zip(other.rows, Cosine)];
        return new EmbeddingDrift(rows.Length, cosines.Average(), cosines.Min());
    }

    private static async Task<double[]> Losses(QuireEngine engine, string text, CancellationToken cancellationToken)
    {
        int[] ids = engine.Tokenize(new GenerationRequest { Prompt = text });
        int window = Math.Min(Window, engine.MaxModelLength - 1);
        if (ids.Length < 2) throw new QuireException(ErrorKind.InvalidRequest, "The text for the perplexity has fewer than two tokens.", param: "text");
        var parameters = new SamplingParameters { MaxTokens = 1, Temperature = 0, PromptLogprobs = 0 };
        IReadOnlyList<Generation>[] answers = [.. await engine.GenerateAsync(
            ids.Chunk(window).Where(chunk => chunk.Length > 1).Select(chunk => new GenerationRequest { PromptTokens = chunk, Sampling = parameters }), cancellationToken).ConfigureAwait(false)];
        return [.. answers.SelectMany(answer => answer[0].PromptLogprobs!).Select(token => -(double)token.Logprob)];
    }

    // Embeddings, or labels' probabilities.
    private static async Task<float[][]> Rows(QuireEngine engine, string text, CancellationToken cancellationToken)
    {
        int[][] sentences = [.. Sentence().Split(text).Where(sentence => !string.IsNullOrWhiteSpace(sentence))
            .Select(sentence => engine.Tokenizer.Encode(sentence, addSpecialTokens: true))
            .Where(ids => ids.Length > 0).Select(ids => ids.Length > engine.MaxModelLength ? ids[..engine.MaxModelLength] : ids)];
        if (sentences.Length == 0) throw new QuireException(ErrorKind.InvalidRequest, "The text that the change is measured on has no sentence.", param: "text");
        return await Task.WhenAll(sentences.Select(Row)).ConfigureAwait(false);

        async Task<float[]> Row(int[] ids) => engine.Runner == RunnerKind.Classify
            ? QuireEngine.Activate(await engine.ClassifyAsync(ids, cancellationToken: cancellationToken).ConfigureAwait(false), engine.Pooler!.Activation)
            : await engine.EmbedAsync(ids, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private static double Cosine(float[] a, float[] b)
    {
        double product = a.Zip(b, (x, y) => (double)x * y).Sum(), lengths = Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(y => (double)y * y));
        return lengths == 0 ? 0 : product / lengths;
    }

    [GeneratedRegex(@"(?<=[.!?])\s+|\n+")]
    private static partial Regex Sentence();
}
