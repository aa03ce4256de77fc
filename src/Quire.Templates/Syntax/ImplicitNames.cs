namespace Quire.Templates.Syntax;

/// <summary>Names the language itself defines in a block; they share the lexer's table, where equal names are one string.</summary>
internal static class ImplicitNames
{
    public const string Loop = "loop";
    public const string Caller = "caller";
    public const string VarArgs = "varargs";
    public const string KwArgs = "kwargs";

    public static IReadOnlyList<string> All { get; } = [Loop, Caller, VarArgs, KwArgs];
}
