using Quire.Tensors;

namespace Quire.Engine;

/// <summary>What a step gave each row of its plan, by index in <see cref="StepPlan.Rows"/>. Reused: valid until the executor's next step.</summary>
public sealed class StepResult
{
    private readonly List<SampledToken> sampled = [];
    private readonly List<(int Start, int Count)> rows = [];
    private readonly Stack<SampledToken> spare = new();
    private readonly Dictionary<int, List<SampledToken>> promptTokens = [];

    /// <summary>Tokens of a row: none while its prompt is computed, then one, and one more for each accepted draft.</summary>
    public int Count(int row) => rows[row].Count;

    public SampledToken Token(int row, int index) => sampled[rows[row].Start + index];

    /// <summary>Log probabilities of prompt tokens computed by this step, for rows that asked; null otherwise.</summary>
    public IReadOnlyList<SampledToken>? PromptTokens(int row) => promptTokens.GetValueOrDefault(row);

    /// <summary>Empties it for the next step.</summary>
    public void Clear()
    {
        foreach (SampledToken token in sampled) spare.Push(token);
        sampled.Clear();
        rows.Clear();
        promptTokens.Clear();
    }

    /// <summary>Begins the next row.</summary>
    public void BeginRow() => rows.Add((sampled.Count, 0));

    /// <summary>A token of the row begun last, to be filled by the caller.</summary>
    public SampledToken AddToken()
    {
        if (!spare.TryPop(out SampledToken? token)) token = new SampledToken();
        token.TopLogprobs.Clear();
        token.IsInvalid = false;
        sampled.Add(token);
        rows[^1] = (rows[^1].Start, rows[^1].Count + 1);
        return token;
    }

    /// <summary>Prompt log probabilities of the row begun last.</summary>
    public void SetPromptTokens(List<SampledToken> tokens) => promptTokens[rows.Count - 1] = tokens;
}
