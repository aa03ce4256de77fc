namespace Quire.Cli;

/// <summary>Loads models for commands that need text of them.</summary>
internal static class TextModel
{
    /// <param name="command">Without <c>quire</c>, for the message.</param>
    /// <exception cref="QuireException">The model gives embeddings or labels: said before its weights are read.</exception>
    public static Task<QuireEngine> LoadAsync(string model, QuireOptions options, string command)
    {
        RunnerChoice.NeedText(model, options, $"quire {command}");
        return QuireEngine.LoadAsync(model, options);
    }
}
