using Quire.Formats;

namespace Quire.Models;

/// <summary>The families of this build, by architecture name.</summary>
public static class ModelFamilies
{
    public static IReadOnlyList<IModelFamily> All { get; } =
    [
        new Llama(), new Mistral(), new Qwen2(), new Qwen3(), new Phi3(), new SeedOss(), new Ernie45(), new HunYuanDense(), new SmolLm3(), new Granite(),
        new Gemma(), new Gemma2(), new Gemma3(), new Gemma3Conditional(), new Olmo2(), new Olmo3(), new Exaone4(), new Glm(), new Glm4(),
    ];

    private static readonly Dictionary<string, IModelFamily> ByArchitecture =
        All.SelectMany(family => family.Architectures.Select(name => (name, family))).ToDictionary(pair => pair.name, pair => pair.family);

    /// <summary>The family of a configuration.</summary>
    /// <exception cref="QuireException">None of its architectures is supported; the message names those that are.</exception>
    public static IModelFamily Of(ModelConfig config)
    {
        foreach (string name in config.Architectures)
            if (ByArchitecture.TryGetValue(name, out IModelFamily? family)) return family;
        throw new QuireException(ErrorKind.NotSupported,
            $"{config.File}: architecture {(config.Architectures.Count == 0 ? "(none given)" : string.Join(", ", config.Architectures))} is not supported; "
            + $"{(config.Architectures.Count == 0 ? "" : $"the nearest is {Nearest(config.Architectures[0])}; ")}known are {string.Join(", ", ByArchitecture.Keys.Order())}.");
    }

    private static string Nearest(string name) => ByArchitecture.Keys.Order().MinBy(known => Distance(name, known))!;

    // Levenshtein's distance, row by row.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
