namespace Quire;

/// <summary>Turns what a user calls a model into a path: a folder, a GGUF file, a Hub id in the local cache, or a built-in name.</summary>
public static class ModelLocation
{
    /// <summary>Name of the model inside the package.</summary>
    public const string BuiltIn = "demo";

    /// <exception cref="QuireException">Nothing of that name is here; the message says where was looked.</exception>
    public static string Find(string model) => Find(model, HubCache());

    internal static string Find(string model, string hubCache)
    {
        if (File.Exists(model) || Directory.Exists(model)) return model;
        if (model == BuiltIn) return Path.Combine(AppContext.BaseDirectory, "models", "quire-demo");
        if (IsHubId(model))
        {
            string cache = Path.Combine(hubCache, "models--" + model.Replace("/", "--", StringComparison.Ordinal));
            string reference = Path.Combine(cache, "refs", "main");
            if (File.Exists(reference) && Path.Combine(cache, "snapshots", File.ReadAllText(reference).Trim()) is var snapshot && Directory.Exists(snapshot)) return snapshot;
            throw new QuireException(ErrorKind.NotFound, $"{model} is neither a path nor in the Hugging Face cache ({hubCache}). Download it first, for example with: hf download {model}", "model_not_found", "model");
        }
        throw new QuireException(ErrorKind.NotFound, $"{model} does not exist. Give a folder with config.json, a .gguf file, a Hub id that was downloaded, or {BuiltIn}, the built-in model.", "model_not_found", "model");
    }

    private static bool IsHubId(string model) => model.Split('/') is [{ Length: > 0 }, { Length: > 0 }] && !model.Contains("..", StringComparison.Ordinal);

    // The order of huggingface_hub.
    private static string HubCache() =>
        Environment.GetEnvironmentVariable("HF_HUB_CACHE") is { Length: > 0 } hub ? hub
        : Environment.GetEnvironmentVariable("HF_HOME") is { Length: > 0 } home ? Path.Combine(home, "hub")
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface", "hub");
}
