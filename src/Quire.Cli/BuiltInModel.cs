namespace Quire.Cli;

/// <summary>What runs when no model is named.</summary>
internal static class BuiltInModel
{
    public static string Choose(string? named, string command)
    {
        if (named is not null) return named;
        Console.Error.WriteLine($"quire: no model named, so this is the built-in toy; for a real one: quire {command} FOLDER-OR-FILE.gguf-OR-HUB-ID");
        return ModelLocation.BuiltIn;
    }
}
