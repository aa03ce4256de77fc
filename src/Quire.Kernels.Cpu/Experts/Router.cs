using Quire.Tensors;

namespace Quire.Kernels.Cpu.Experts;

/// <summary>Chooses a token's experts, best first; of equal ones the first.</summary>
internal static class Router
{
    /// <summary>What keeps a sum of weights from being zero (DeepSeek V3).</summary>
    private const float SmallestSum = 1e-20f;

    /// <param name="logits">[experts]; become scores.</param>
    /// <param name="correction">[experts] or empty.</param>
    /// <param name="scratch">[experts]</param>
    /// <param name="experts">[rule.Chosen], written.</param>
    /// <param name="weights">[rule.Chosen], written.</param>
    public static void Choose(in RouterRule rule, Span<float> logits, ReadOnlySpan<float> correction, Span<float> scratch, Span<int> experts, Span<float> weights)
    {
        switch (rule.Score)
        {
            case RouterScore.Softmax: Softmax(logits); break;
            case RouterScore.Sigmoid:
                foreach (ref float value in logits) value = 1 / (1 + MathF.Exp(-value));
                break;
        }
        logits.CopyTo(scratch);
        for (int i = 0; i < correction.Length; i++) scratch[i] += correction[i];
        if (rule.Groups > 1) DropGroups(rule, scratch);
        for (int choice = 0; choice < rule.Chosen; choice++)
        {
            int best = 0;
            for (int i = 1; i < scratch.Length; i++)
                if (scratch[i] > scratch[best]) best = i;
            (experts[choice], weights[choice]) = (best, logits[best]);
            scratch[best] = float.NegativeInfinity;
        }
        if (rule.Score == RouterScore.SoftmaxOfChosen) Softmax(weights);
        if (rule.Normalise)
        {
            float sum = SmallestSum;
            foreach (float weight in weights) sum += weight;
            foreach (ref float weight in weights) weight /= sum;
        }
        foreach (ref float weight in weights) weight *= rule.Scale;
    }

    private static void DropGroups(in RouterRule rule, Span<float> scores)
    {
        int size = scores.Length / rule.Groups;
        Span<float> best = stackalloc float[rule.Groups];
        for (int group = 0; group < rule.Groups; group++)
        {
            float first = float.NegativeInfinity, second = float.NegativeInfinity;
            foreach (float score in scores.Slice(group * size, size))
                (first, second) = score > first ? (score, first) : (first, Math.Max(second, score));
            best[group] = rule.GroupsBySum ? first + second : first;
        }
        Span<bool> isKept = stackalloc bool[rule.Groups];
        for (int kept = 0; kept < rule.ChosenGroups; kept++)
        {
            int top = isKept.IndexOf(false);
            for (int group = top + 1; group < best.Length; group++)
                if (!isKept[group] && best[group] > best[top]) top = group;
            isKept[top] = true;
        }
        for (int group = 0; group < rule.Groups; group++)
            if (!isKept[group]) scores.Slice(group * size, size).Fill(float.NegativeInfinity);
    }

    private static void Softmax(Span<float> values)
    {
        float max = values[0], sum = 0;
        foreach (float value in values) max = Math.Max(max, value);
        foreach (ref float value in values) sum += value = MathF.Exp(value - max);
        foreach (ref float value in values) value /= sum;
    }
}
