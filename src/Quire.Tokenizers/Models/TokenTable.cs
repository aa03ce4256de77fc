namespace Quire.Tokenizers;

/// <summary>Turns a vocabulary round.</summary>
internal static class TokenTable
{
    // An id far beyond the number of tokens is a broken file; a table for it could exhaust memory.
    private const int LargestHole = 1 << 20;

    /// <exception cref="FormatException">An id is negative or absurdly large.</exception>
    public static string?[] ById(IReadOnlyDictionary<string, int> vocabulary)
    {
        int largest = -1;
        foreach ((string token, int id) in vocabulary)
        {
            if (id < 0 || id > vocabulary.Count + LargestHole) throw new FormatException($"the token {token} has id {id} in a vocabulary of {vocabulary.Count}");
            largest = Math.Max(largest, id);
        }
        var tokens = new string?[largest + 1];
        foreach ((string token, int id) in vocabulary) tokens[id] = token;
        return tokens;
    }
}
