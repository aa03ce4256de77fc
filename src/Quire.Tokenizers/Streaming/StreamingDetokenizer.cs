using System.Text;

namespace Quire.Tokenizers;

/// <summary>Decodes a growing list of ids: each call returns the text the new id completes. For one stream, one thread.</summary>
/// <remarks>
/// The text of an id depends on its neighbours, so a few ids before it are decoded with it and their text is cut off. Text that ends in half a character
/// is held back until the rest has come. A prompt that ends in half a character is emitted together with the id that completes it: what vLLM does.
/// </remarks>
public sealed class StreamingDetokenizer
{
    private const char Replacement = '\uFFFD';

    private readonly Tokenizer tokenizer;
    private readonly bool skipSpecialTokens;
    private readonly bool spacesBetweenSpecialTokens;
    private readonly List<int> ids = [];
    private string prefix = "";
    private int prefixCount;
    private Utf8Tail tail;
    private bool lastWasAdded;

    /// <param name="promptIds">What the ids follow; its own text is not emitted.</param>
    /// <param name="spacesBetweenSpecialTokens">False: an added token after another is emitted as it is written, without the decoder's spaces.</param>
    public StreamingDetokenizer(Tokenizer tokenizer, ReadOnlySpan<int> promptIds, bool skipSpecialTokens, bool spacesBetweenSpecialTokens = true)
    {
        this.tokenizer = tokenizer;
        this.skipSpecialTokens = skipSpecialTokens;
        this.spacesBetweenSpecialTokens = spacesBetweenSpecialTokens;
        foreach (int id in promptIds) Hold(id);
    }

    /// <summary>The text that <paramref name="id"/> completes; empty while a character is incomplete.</summary>
    public string Append(int id)
    {
        string text = Step(id);
        if (!spacesBetweenSpecialTokens)
        {
            bool isAdded = tokenizer.IsAdded(id);
            if (isAdded && lastWasAdded) text = tokenizer.TokenText(id);
            lastWasAdded = isAdded;
        }
        return text;
    }

    private string Step(int id)
    {
        FixPrefix();
        // An id without text changes nothing, now or later.
        if (!Hold(id) || tokenizer.DecodesToBytes && !tail.EndsInCharacter) return "";
        string text = tokenizer.Decode(ids.ToArray(), skipSpecialTokens);
        if (text.EndsWith(Replacement) || Encoding.UTF8.GetByteCount(text) <= Encoding.UTF8.GetByteCount(prefix)) return "";
        if (!text.StartsWith(prefix, StringComparison.Ordinal))
        {
            // The new id changed the text before it, which is out already: what follows starts afresh.
            Restart();
            return Step(id);
        }
        string fresh = text[prefix.Length..];
        int remaining = ids.Count - prefixCount;
        ids.RemoveRange(0, prefixCount);
        prefix = tokenizer.Decode(ids.ToArray(), skipSpecialTokens);
        prefixCount = remaining;
        return fresh;
    }

    /// <summary>Text that ends in half a character is no prefix: the whole of it stays to be emitted.</summary>
    private void FixPrefix()
    {
        if (prefix.Length > 0 || ids.Count == 0 || tokenizer.DecodesToBytes && !tail.EndsInCharacter) return;
        string text = tokenizer.Decode(ids.ToArray(), skipSpecialTokens);
        if (text.EndsWith(Replacement)) return;
        prefix = text;
        prefixCount = ids.Count;
    }

    private bool Hold(int id)
    {
        if (!tokenizer.HasText(id) || skipSpecialTokens && tokenizer.IsSpecial(id)) return false;
        ids.Add(id);
        tail.Append(tokenizer.TokenBytes(id));
        return true;
    }

    private void Restart()
    {
        ids.Clear();
        prefix = "";
        prefixCount = 0;
        tail = default;
    }
}
