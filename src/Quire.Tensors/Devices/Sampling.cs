namespace Quire.Tensors;

/// <summary>How one row of logits becomes a token. Order of operations: raw log probabilities are taken; allowed ids; masked ids (bad words, then minimum
/// length); bias; repetition, frequency and presence penalty; greedy rows choose here; temperature; min-p; top-k; top-p; softmax; draw.</summary>
/// <remarks>The order is vLLM's (<c>v1/sample</c>). An instance belongs to one sequence and is reused for each of its tokens.</remarks>
public sealed class SamplingRow
{
    /// <summary>0 is greedy; between 0 and 0.01 counts as 0.01.</summary>
    public float Temperature { get; set; }

    /// <summary>0 or less keeps all; ties with the k-th are kept.</summary>
    public int TopK { get; set; }

    public float TopP { get; set; } = 1;

    public float MinP { get; set; }

    /// <summary>Over prompt and output: positive logits are divided by it, negative multiplied. 1 is off.</summary>
    public float RepetitionPenalty { get; set; } = 1;

    /// <summary>Times the number of times that a token is in the output.</summary>
    public float FrequencyPenalty { get; set; }

    /// <summary>Once for each token in the output.</summary>
    public float PresencePenalty { get; set; }

    /// <summary>The random number of a draw is a function of (seed, choice, position) and of nothing else.</summary>
    public ulong Seed { get; set; }

    public int Choice { get; set; }

    /// <summary>Position of the token to be drawn.</summary>
    public int Position { get; set; }

    /// <summary>Added to the logits of these ids.</summary>
    public IReadOnlyList<KeyValuePair<int, float>> Bias { get; set; } = [];

    /// <summary>If not null, every other id is impossible.</summary>
    public IReadOnlyList<int>? Allowed { get; set; }

    /// <summary>Ids that are impossible at this position.</summary>
    public List<int> Masked { get; } = [];

    /// <summary>Tokens of the prompt and of the output so far, kept up only where <see cref="UsesHistory"/>.</summary>
    public TokenHistory History { get; } = new();

    /// <summary>If not negative, this token is chosen whatever the logits say: log probabilities of a known text.</summary>
    public int Forced { get; set; } = -1;

    /// <summary>How many of the best log probabilities to report beside the chosen token's; -1 reports the whole vocabulary's, <see cref="NoLogprobs"/> none.</summary>
    public int Logprobs { get; set; } = NoLogprobs;

    /// <summary>The value of <see cref="Logprobs"/> that asks for nothing.</summary>
    public const int NoLogprobs = int.MinValue;

    public LogprobsMode Mode { get; set; }

    public bool UsesHistory => RepetitionPenalty != 1 || FrequencyPenalty != 0 || PresencePenalty != 0;

    public bool IsGreedy => Temperature == 0;
}

/// <summary>What <see cref="SampledToken.TopLogprobs"/> are: log probabilities or logits, before everything or after everything.</summary>
public enum LogprobsMode
{
    RawLogprobs,
    RawLogits,
    ProcessedLogprobs,
    ProcessedLogits,
}

/// <summary>Which ids a sequence has in its prompt and how often in its output.</summary>
public sealed class TokenHistory
{
    private readonly Dictionary<int, int> outputs = [];
    private readonly HashSet<int> prompt = [];

    /// <summary>Distinct ids of the output with their counts.</summary>
    public Dictionary<int, int> Outputs => outputs;

    public HashSet<int> Prompt => prompt;

    public void Clear()
    {
        outputs.Clear();
        prompt.Clear();
    }

    public void AddPrompt(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids) prompt.Add(id);
    }

    public void AddOutput(int id)
    {
        ref int count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(outputs, id, out _);
        count++;
    }

    /// <summary>Takes one occurrence back: a rejected draft.</summary>
    public void RemoveOutput(int id)
    {
        ref int count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrNullRef(outputs, id);
        if (--count == 0) outputs.Remove(id);
    }
}

/// <summary>The token chosen for a row, and the log probabilities that the row asked for. An instance is reused.</summary>
public sealed class SampledToken
{
    public int Id { get; set; }

    /// <summary>Log probability (or logit, by <see cref="SamplingRow.Mode"/>) of <see cref="Id"/>; meaningful if the row asked for logprobs.</summary>
    public float Logprob { get; set; }

    /// <summary>Number of ids whose log probability is at least the chosen one's: 1 is the best.</summary>
    public int Rank { get; set; }

    /// <summary>The best ids with their log probabilities, best first.</summary>
    public List<KeyValuePair<int, float>> TopLogprobs { get; } = [];

    /// <summary>Instead of a token, what a pooling request asked for: the row after the final norm; null for others.</summary>
    public float[]? Pooled { get; set; }

    /// <summary>A row whose logits held NaN chooses nothing: the request fails, its neighbours do not.</summary>
    public bool IsInvalid { get; set; }
}
