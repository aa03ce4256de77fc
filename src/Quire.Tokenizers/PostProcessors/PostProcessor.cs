namespace Quire.Tokenizers;

/// <summary>Ids on their way out, each with its span of the original text if asked for.</summary>
internal sealed class TokenRun(bool withOffsets)
{
    public List<int> Ids { get; set; } = [];

    public List<TextRange>? Offsets { get; set; } = withOffsets ? [] : null;
}

/// <summary>Adds special tokens around the encoded text and adjusts offsets.</summary>
internal abstract class PostProcessor
{
    public abstract void Process(TokenRun run, bool addSpecialTokens);

    /// <summary>How two texts become one list of ids; null where this adds nothing to a pair.</summary>
    public virtual IReadOnlyList<PairPart>? Pair => null;
}

/// <summary>A place in the template of a pair: a special token, the first text or the second.</summary>
/// <param name="Id">Null where a text stands.</param>
/// <param name="IsSecond">Which text.</param>
/// <param name="TypeId">What the model is told about every token here.</param>
internal readonly record struct PairPart(int? Id, bool IsSecond, int TypeId);

/// <summary>One after the other.</summary>
internal sealed class SequencePostProcessor(IReadOnlyList<PostProcessor> processors) : PostProcessor
{
    public override void Process(TokenRun run, bool addSpecialTokens)
    {
        foreach (PostProcessor processor in processors) processor.Process(run, addSpecialTokens);
    }

    public override IReadOnlyList<PairPart>? Pair => processors.Select(processor => processor.Pair).LastOrDefault(pair => pair is not null);
}

/// <summary>Special tokens in fixed places before and after the text.</summary>
/// <param name="template">Ids; null is the text.</param>
/// <param name="pair">The same for two texts, if the file says.</param>
internal sealed class TemplatePostProcessor(IReadOnlyList<int?> template, IReadOnlyList<PairPart>? pair = null) : PostProcessor
{
    public override IReadOnlyList<PairPart>? Pair => pair;

    public override void Process(TokenRun run, bool addSpecialTokens)
    {
        if (!addSpecialTokens) return;
        var ids = new List<int>(run.Ids.Count + template.Count);
        List<TextRange>? offsets = run.Offsets is null ? null : new(ids.Capacity);
        foreach (int? part in template)
        {
            if (part is { } id)
            {
                ids.Add(id);
                offsets?.Add(default);
            }
            else
            {
                ids.AddRange(run.Ids);
                offsets?.AddRange(run.Offsets!);
            }
        }
        run.Ids = ids;
        run.Offsets = offsets;
    }
}

/// <summary>Leaves the white space at the ends of byte-level tokens out of their offsets.</summary>
/// <param name="tokenText">The vocabulary's text of an id.</param>
/// <param name="addPrefixSpace">The space before the first word was not in the text.</param>
internal sealed class TrimOffsetsPostProcessor(Func<int, string> tokenText, bool addPrefixSpace) : PostProcessor
{
    private static readonly char space = ByteAlphabet.CharOf((byte)' ');

    public override void Process(TokenRun run, bool addSpecialTokens)
    {
        for (int i = 0; i < run.Offsets?.Count; i++) run.Offsets[i] = Trim(run.Offsets[i], tokenText(run.Ids[i]), i == 0);
    }

    private TextRange Trim(TextRange offset, string token, bool first)
    {
        int leading = token.TakeWhile(IsSpace).Count();
        int trailing = token.Reverse().TakeWhile(IsSpace).Count();
        if (leading > 0)
        {
            // The prefix space is part of the first word's own character.
            if ((first || offset.Start == 0) && addPrefixSpace) leading--;
            offset = offset with { Start = Math.Min(offset.Start + leading, offset.End) };
        }
        if (trailing > 0 && offset.End >= trailing) offset = offset with { End = Math.Max(offset.End - trailing, offset.Start) };
        return offset;
    }

    private static bool IsSpace(char c) => c == space || UnicodeClass.IsWhiteSpace(c);
}
