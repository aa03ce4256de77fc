using System.Text;

namespace Quire.Tokenizers;

/// <summary>Turns token texts into the pieces of the decoded text.</summary>
internal abstract class Decoder
{
    public abstract List<string> Decode(List<string> tokens);

    /// <summary>The bytes a token stands for inside a text.</summary>
    public virtual byte[] BytesOf(string token) => Encoding.UTF8.GetBytes(token);
}

/// <summary>One after the other.</summary>
internal sealed class SequenceDecoder(IReadOnlyList<Decoder> decoders) : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        foreach (Decoder decoder in decoders) tokens = decoder.Decode(tokens);
        return tokens;
    }

    public override byte[] BytesOf(string token)
    {
        if (decoders is [var only]) return only.BytesOf(token);
        foreach (Decoder decoder in decoders)
        {
            if (decoder is ReplaceDecoder) token = decoder.Decode([token])[0];
            else if (decoder is ByteLevelDecoder || decoder is ByteFallbackDecoder && ByteFallbackDecoder.ByteOf(token) >= 0) return decoder.BytesOf(token);
        }
        return base.BytesOf(token);
    }
}
