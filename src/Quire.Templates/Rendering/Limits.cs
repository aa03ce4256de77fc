namespace Quire.Templates.Rendering;

/// <summary>What one template or one render may cost. Far above what any published template needs, far below what would stall a server.</summary>
internal static class Limits
{
    /// <summary>Steps of a render: about one for a node evaluated or an item visited.</summary>
    public const long Work = 40_000_000;

    /// <summary>UTF-16 units of all strings a render creates.</summary>
    public const long Text = 192L << 20;

    /// <summary>UTF-16 units of one string, so also of the output.</summary>
    public const int StringLength = 32 << 20;

    /// <summary>Nested calls of macros, callers and recursive loops.</summary>
    public const int CallDepth = 200;

    /// <summary>Generators that read each other: Python's own limit of calls inside calls.</summary>
    public const int GeneratorDepth = 1000;

    /// <summary>Lists and dicts inside each other.</summary>
    public const int ValueDepth = 200;

    /// <summary>Values inside one list or dict, all levels together, shared parts counted each time.</summary>
    public const long ValueWeight = 8_000_000;

    /// <summary>Items <c>range</c> may give.</summary>
    public const int Range = 100_000;

    /// <summary>Bits of an integer.</summary>
    public const long IntegerBits = 1 << 16;

    /// <summary>Decimal digits of an integer that is read or printed: Python's own limit.</summary>
    public const int IntegerDigits = 4300;

    /// <summary>Expressions and blocks inside each other in the source.</summary>
    public const int SourceDepth = 200;
}
