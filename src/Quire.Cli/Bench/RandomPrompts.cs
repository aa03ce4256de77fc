namespace Quire.Cli;

/// <summary>Prompts of random words, the same on every run.</summary>
internal static class RandomPrompts
{
    private static readonly string[] Words =
        "the of and to in is was for on as with by at from his that it an were are which this be had have first one new also after their two who they been other when time during there into all may only more some would no its about"
            .Split(' ');

    public static string[] Make(int count, int prefixWords, int words)
    {
        var random = new Random(17);
        string prefix = Text(random, prefixWords);
        return [.. Enumerable.Range(0, count).Select(_ => $"{prefix} {Text(random, words)}".Trim())];
    }

    private static string Text(Random random, int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));
}
