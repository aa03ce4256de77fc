using Quire.Tokenizers;

namespace Quire;

/// <summary>Bad words as token sequences: with a leading space too, if that has as many tokens and begins differently (vLLM's rule).</summary>
internal static class BadWordTokens
{
    public static IEnumerable<int[]> Of(Tokenizer tokenizer, IReadOnlyList<string> words)
    {
        foreach (string word in words)
        {
            int[] bare = tokenizer.Encode(word.TrimStart(), addSpecialTokens: false);
            if (bare.Length == 0) continue;
            yield return bare;
            int[] spaced = tokenizer.Encode(" " + word.TrimStart(), addSpecialTokens: false);
            if (spaced.Length == bare.Length && spaced[0] != bare[0]) yield return spaced;
        }
    }
}
