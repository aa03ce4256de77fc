using Quire.Formats;
using Quire.Models;
using Quire.Tokenizers;

namespace Quire;

/// <summary>Ids of the tokens whose rows of the LM head are a classifier's.</summary>
internal static class LabelTokenIds
{
    /// <summary>The spec with ids; as it is where it has no such tokens.</summary>
    /// <exception cref="QuireException">One is not a token of the vocabulary; the message says what the tokenizer makes of it.</exception>
    public static ModelSpec Find(ModelSpec spec, ModelConfig config, Func<Tokenizer> tokenizer)
    {
        if (spec.Pooler?.Tokens is not { } labels) return spec;
        Tokenizer words = tokenizer();
        int[] ids = [.. labels.Names.Select(Id)];
        if (labels.IsDifference && ids[0] == ids[1]) throw config.Bad("classifier_from_token", $"names token {ids[0]} for no and for yes, which gives every text the same score");
        return spec with { Pooler = spec.Pooler with { Tokens = labels with { Ids = ids } } };

        int Id(string name)
        {
            if (words.TokenToId(name) is { } id)
                return id < spec.VocabularySize ? id : throw config.Bad("classifier_from_token", $"names \"{name}\", token {id}; the LM head has {spec.VocabularySize} rows");
            // A vocabulary may spell a token in an alphabet of its own.
            int[] pieces = words.Encode(name, addSpecialTokens: false);
            string spelled = string.Join(", ", pieces.Select(piece => $"\"{words.TokenText(piece)}\""));
            throw config.Bad("classifier_from_token", $"names \"{name}\", which is no token of the vocabulary: " + (pieces.Length == 1 && words.Decode(pieces, skipSpecialTokens: false) == name
                ? $"there it is spelled {spelled}"
                : $"{(pieces.Length == 0 ? "" : $"it becomes {spelled}; ")}each label must be one token"));
        }
    }
}
