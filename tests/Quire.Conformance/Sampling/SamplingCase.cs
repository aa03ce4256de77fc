using System.Text.Json;
using Quire.Engine;
using Quire.Kernels.Cpu.Sampling;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Conformance.Sampling;

/// <summary>One row of a recorded case: logits, history and parameters, set up as the engine's runner sets up its rows.</summary>
internal sealed class SamplingCase
{
    private readonly float[] logits;
    private readonly RunnerRow row = new();
    private readonly int[] stopIds;

    private SamplingCase(float[] logits, int[] prompt, int[] output, JsonElement p)
    {
        this.logits = logits;
        stopIds = Ints(p, "stop_ids");
        row.Begin(new EngineRequest
        {
            Id = "golden",
            Prompt = prompt,
            Parameters = new SamplingParameters
            {
                Temperature = Float(p, "temperature", 1),
                TopK = (int)Float(p, "top_k", 0),
                TopP = Float(p, "top_p", 1),
                MinP = Float(p, "min_p", 0),
                RepetitionPenalty = Float(p, "repetition_penalty", 1),
                FrequencyPenalty = Float(p, "frequency_penalty", 0),
                PresencePenalty = Float(p, "presence_penalty", 0),
                MinTokens = (int)Float(p, "min_tokens", 0),
                MaxTokens = output.Length + 1,
                Seed = 1,
                AllowedTokenIds = p.TryGetProperty("allowed_token_ids", out JsonElement allowed) && allowed.ValueKind == JsonValueKind.Array ? Ints(p, "allowed_token_ids") : null,
                BadWords = p.TryGetProperty("bad_words_ids", out JsonElement words) && words.ValueKind == JsonValueKind.Array
                    ? [.. words.EnumerateArray().Select(word => word.EnumerateArray().Select(id => id.GetInt32()).ToArray())]
                    : [],
                LogitBias = p.TryGetProperty("logit_bias", out JsonElement bias) && bias.ValueKind == JsonValueKind.Object
                    ? [.. bias.EnumerateObject().Select(b => KeyValuePair.Create(int.Parse(b.Name), b.Value.GetSingle()))]
                    : [],
            },
        }, groups: 1, maxModelLength: int.MaxValue / 4);
        foreach (int id in output) row.Append(id);
        row.PrepareSampling(stopIds);
    }

    public static SamplingCase Read(JsonElement row, float[]? logits = null, int[]? output = null) =>
        new(logits ?? Floats(row.GetProperty("logits")), Ints(row, "prompt"), output ?? Ints(row, "output"), row.GetProperty("params"));

    /// <summary>null is -infinity.</summary>
    public static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(x => x.ValueKind == JsonValueKind.Null ? float.NegativeInfinity : x.GetSingle())];

    /// <summary>The distribution that a token is drawn from.</summary>
    public float[] Probabilities()
    {
        float[] copy = [.. logits];
        LogitsPipeline<PortableLanes>.Constrain(copy, row.Sampling);
        if (!row.Sampling.IsGreedy) LogitsPipeline<PortableLanes>.Filter(copy, row.Sampling);
        double sum = LogitsPipeline<PortableLanes>.Exponentials(copy);
        return [.. copy.Select(e => (float)(e / sum))];
    }

    public int Sample(ulong seed = 1)
    {
        row.Sampling.Seed = seed;
        var token = new SampledToken();
        SampleJob<PortableLanes>.Choose([.. logits], row.Sampling, token);
        return token.Id;
    }

    /// <summary>Scores of the whole vocabulary.</summary>
    public SampledToken Report(LogprobsMode mode)
    {
        (row.Sampling.Mode, row.Sampling.Logprobs) = (mode, -1);
        var token = new SampledToken();
        SampleJob<PortableLanes>.Choose([.. logits], row.Sampling, token);
        return token;
    }

    private static float Float(JsonElement p, string name, float otherwise) =>
        p.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetSingle() : otherwise;

    private static int[] Ints(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement array) && array.ValueKind == JsonValueKind.Array ? [.. array.EnumerateArray().Select(id => id.GetInt32())] : [];
}
