using System.Text.Json;
using Quire.Formats;

namespace Quire.Golden;

/// <summary>A decoder of <c>golden/families</c> made a classifier by <c>--hf-overrides</c>, with the words of <see cref="WordModel"/> as tokens.</summary>
internal static class TokenClassifier
{
    /// <summary>The classifier's name of a decoder's architecture.</summary>
    /// <param name="path">A folder or a GGUF file.</param>
    public static string Name(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        string name = checkpoint.Config.Architectures[0];
        foreach (string end in (string[])["ForCausalLM", "LMHeadModel", "ForConditionalGeneration"])
            if (name.EndsWith(end, StringComparison.Ordinal)) return name[..^end.Length] + "ForSequenceClassification";
        throw new InvalidDataException($"{path}: {name} is no decoder's name");
    }

    /// <param name="tokens">Ids.</param>
    public static string Overrides(string path, string method, params int[] tokens) =>
        JsonSerializer.Serialize(new { architectures = new[] { Name(path) }, classifier_from_token = tokens.Select(id => $"w{id}"), method });
}
