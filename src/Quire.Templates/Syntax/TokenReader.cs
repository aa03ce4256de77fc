using Quire.Templates.Rendering;

namespace Quire.Templates.Syntax;

/// <summary>The parser's place in the tokens, and what it has to remember of the blocks it is in.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private readonly Dictionary<string, int> uses = ImplicitNames.All.ToDictionary(name => name, _ => 0);
    private readonly List<TemplateException> unknown = [];
    private int position;
    private int depth;

    public Token Current => tokens[position];

    public Token Ahead => tokens[Math.Min(position + 1, tokens.Count - 1)];

    /// <summary>Whether the code here may never run, so that an unknown filter is no error yet.</summary>
    public bool InBranch { get; set; }

    /// <summary>Whether <c>break</c> and <c>continue</c> have a loop to act on.</summary>
    public bool InLoop { get; set; }

    /// <summary>Notes a filter or test that does not exist: an error of the template, unless it stands in a branch.</summary>
    public void NoteUnknown(string message)
    {
        if (!InBranch) unknown.Add(Fail(message));
    }

    public int UnknownCount => unknown.Count;

    public void ForgiveUnknown(int count) => unknown.RemoveRange(count, unknown.Count - count);

    public void RequireKnown()
    {
        if (unknown.Count > 0) throw unknown[0];
    }

    public Token Next()
    {
        Token token = tokens[position];
        if (position < tokens.Count - 1) position++;
        return token;
    }

    public bool Skip(string op)
    {
        if (!Current.Is(op)) return false;
        Next();
        return true;
    }

    public bool SkipName(string name)
    {
        if (!Current.IsName(name)) return false;
        Next();
        return true;
    }

    public void Expect(string op)
    {
        if (!Skip(op)) throw Fail($"expected token '{op}', got '{Current}'");
    }

    public void ExpectName(string name)
    {
        if (!SkipName(name)) throw Fail($"expected token '{name}', got '{Current}'");
    }

    public Token Expect(TokenKind kind)
    {
        if (Current.Kind == kind) return Next();
        throw Fail(Current.Kind == TokenKind.End
            ? $"unexpected end of template, expected '{new Token(kind, "name", 0)}'."
            : $"expected token '{new Token(kind, "name", 0)}', got '{Current}'");
    }

    /// <summary>Notes the use of a name, and so which blocks need a <c>loop</c>, a <c>caller</c>, ...</summary>
    public void Use(string name)
    {
        if (uses.TryGetValue(name, out int count)) uses[name] = count + 1;
    }

    public int Uses(string name) => uses[name];

    /// <summary>Source nests as deeply as its author likes; the parser follows only so far.</summary>
    public void Enter()
    {
        if (++depth > Limits.SourceDepth) throw Fail("the template is nested too deeply");
        Run.EnsureStack();
    }

    public void Leave() => depth--;

    public TemplateException Fail(string message) => new(TemplateErrorKind.Syntax, message, line: Current.Line);
}
