namespace Quire;

/// <summary>The known name that a misspelt one most likely means, for error messages.</summary>
public static class NearestName
{
    /// <returns>The candidate at the smallest edit distance, the first of several; null without candidates.</returns>
    public static string? Of(string name, IEnumerable<string> candidates) => candidates.MinBy(candidate => Distance(candidate, name));

    // Levenshtein's edit distance, row by row.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(cost, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }
}
