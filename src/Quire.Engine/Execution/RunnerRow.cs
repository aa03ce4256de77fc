using Quire.Tensors;

namespace Quire.Engine;

/// <summary>What an executor keeps of one sequence from step to step.</summary>
internal sealed class RunnerRow
{
    private int[] tokens = [];

    public EngineRequest Request { get; private set; } = null!;

    /// <summary>Prompt and all tokens sampled so far.</summary>
    public int TokenCount { get; private set; }

    public ReadOnlySpan<int> Tokens => tokens.AsSpan(0, TokenCount);

    public int OutputCount => TokenCount - Request.Prompt.Length;

    /// <summary>Block ids by KV group, and slots of states behind them.</summary>
    public List<int>[] Tables { get; private set; } = [];

    public SamplingRow Sampling { get; } = new();

    /// <summary>Prompt tokens whose log probabilities were reported: a resumed sequence computes its prompt again and reports nothing twice.</summary>
    public int ReportedPrompt { get; set; }

    public void Begin(EngineRequest request, int groups, int maxModelLength)
    {
        Request = request;
        int longest = Math.Min(maxModelLength, request.Prompt.Length + request.Parameters.MaxTokens) + 1;
        if (tokens.Length < longest) tokens = new int[longest];
        request.Prompt.CopyTo(tokens, 0);
        TokenCount = request.Prompt.Length;
        ReportedPrompt = 1;
        if (Tables.Length != groups) Tables = [.. Enumerable.Range(0, groups).Select(_ => new List<int>())];
        // No step grows them.
        foreach (List<int> table in Tables) table.EnsureCapacity((longest + KvLayout.BlockTokens - 1) / KvLayout.BlockTokens);
        ReadParameters(request.Parameters, request.Choice);
    }

    public void Append(int token)
    {
        if (TokenCount == tokens.Length) Array.Resize(ref tokens, 2 * tokens.Length);
        tokens[TokenCount++] = token;
        if (Sampling.UsesHistory) Sampling.History.AddOutput(token);
    }

    /// <summary>Sets what changes from token to token: position and impossible ids.</summary>
    public void PrepareSampling(IReadOnlyList<int> eosTokenIds)
    {
        SamplingParameters parameters = Request.Parameters;
        Sampling.Position = TokenCount;
        Sampling.Masked.Clear();
        foreach (int[] word in parameters.BadWords)
            if (EndsWith(Tokens[Request.Prompt.Length..], word.AsSpan(0, word.Length - 1))) Sampling.Masked.Add(word[^1]);
        if (OutputCount >= parameters.MinTokens) return;
        for (int i = 0; i < eosTokenIds.Count; i++) Sampling.Masked.Add(eosTokenIds[i]);
        for (int i = 0; i < parameters.StopTokenIds.Count; i++) Sampling.Masked.Add(parameters.StopTokenIds[i]);
    }

    private static bool EndsWith(ReadOnlySpan<int> output, ReadOnlySpan<int> start) =>
        output.Length >= start.Length && output[(output.Length - start.Length)..].SequenceEqual(start);

    private void ReadParameters(SamplingParameters parameters, int choice)
    {
        Sampling.Temperature = parameters.Temperature;
        Sampling.TopK = parameters.TopK;
        Sampling.TopP = parameters.TopP;
        Sampling.MinP = parameters.MinP;
        Sampling.RepetitionPenalty = parameters.RepetitionPenalty;
        Sampling.FrequencyPenalty = parameters.FrequencyPenalty;
        Sampling.PresencePenalty = parameters.PresencePenalty;
        Sampling.Seed = parameters.Seed ?? 0;
        Sampling.Choice = choice;
        Sampling.Bias = parameters.LogitBias;
        Sampling.Allowed = parameters.AllowedTokenIds;
        Sampling.Logprobs = parameters.Logprobs ?? SamplingRow.NoLogprobs;
        Sampling.Mode = parameters.LogprobsMode;
        Sampling.History.Clear();
        if (Sampling.UsesHistory) Sampling.History.AddPrompt(Request.Prompt);
    }
}
