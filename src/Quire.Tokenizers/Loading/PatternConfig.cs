namespace Quire.Tokenizers;

/// <summary>Reads <c>{"String": ...}</c> or <c>{"Regex": ...}</c>.</summary>
internal static class PatternConfig
{
    public static SplitPattern Read(JsonConfig owner)
    {
        JsonConfig pattern = owner.Object("pattern");
        if (pattern.OptionalString("String") is { } literal) return SplitPattern.Literal(literal);
        try
        {
            return SplitPattern.Oniguruma(pattern.String("Regex"));
        }
        catch (NotSupportedException error)
        {
            throw pattern.NotSupported($"{error.Message} in a regex");
        }
    }
}
