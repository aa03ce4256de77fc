using Quire.Formats;

namespace Quire;

/// <summary><c>--runner</c>: whether a model generates or pools.</summary>
public static class RunnerChoice
{
    /// <param name="model">As <see cref="QuireEngine.LoadAsync"/> takes it.</param>
    /// <exception cref="QuireException">The runner is unknown.</exception>
    public static bool Pools(string model, QuireOptions options)
    {
        switch (options.Runner)
        {
            case "generate": return false;
            case "pooling": return true;
            case "auto":
                try
                {
                    return File.Exists(Path.Combine(ModelLocation.Find(model), "modules.json"));
                }
                catch (QuireException)
                {
                    // Loading says what is wrong.
                    return false;
                }
            default: throw new QuireException(ErrorKind.InvalidRequest, $"--runner {options.Runner} is unknown; auto, generate and pooling are known.", param: "runner");
        }
    }

    /// <summary>Checks that a folder's sentence-transformers files ask for what a decoder gives: the last token's row.</summary>
    /// <exception cref="QuireException">They ask for something else.</exception>
    internal static void CheckPooling(string path)
    {
        string file = Path.Combine(path, "1_Pooling", "config.json");
        if (!File.Exists(file)) return;
        ConfigObject config = ConfigObject.ReadFile(file);
        string[] other = [.. config.Names().Where(name => name.StartsWith("pooling_mode_", StringComparison.Ordinal) && name != "pooling_mode_lasttoken" && config.OptionalBool(name) == true)];
        if (other.Length > 0) throw config.Bad(other[0], "is true; pooling of the last token is supported");
    }
}
