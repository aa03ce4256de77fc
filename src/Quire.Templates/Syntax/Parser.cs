using Quire.Templates.Nodes;

namespace Quire.Templates.Syntax;

/// <summary>Turns tokens into statements.</summary>
internal sealed class Parser
{
    private readonly TokenReader tokens;
    private readonly ExpressionParser expressions;
    private readonly HashSet<string> blocks = [];

    private Parser(List<Token> tokens)
    {
        this.tokens = new TokenReader(tokens);
        expressions = new ExpressionParser(this.tokens);
    }

    public static Body Parse(string source, string name)
    {
        Parser? parser = null;
        try
        {
            parser = new Parser(Lexer.Tokenize(source));
            Body body = parser.Statements("", []);
            parser.tokens.RequireKnown();
            return body;
        }
        catch (TemplateException e)
        {
            throw e.At(name, parser?.tokens.Current.Line ?? 1);
        }
    }

    /// <summary>Statements up to a block that begins with one of <paramref name="ends"/>, whose name becomes the current token.</summary>
    private Body Statements(string opener, string[] ends)
    {
        tokens.Enter();
        List<Statement> statements = [];
        while (true)
        {
            Token token = tokens.Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    tokens.Next();
                    statements.Add(new TextStatement(token.Line, token.Text));
                    break;
                case TokenKind.VariableBegin:
                    tokens.Next();
                    statements.Add(new PrintStatement(token.Line, [expressions.Tuple()]));
                    tokens.Expect(TokenKind.VariableEnd);
                    break;
                case TokenKind.BlockBegin:
                    tokens.Next();
                    if (tokens.Current.Kind == TokenKind.Name && ends.Contains(tokens.Current.Text))
                    {
                        tokens.Leave();
                        return new Body([.. statements]);
                    }
                    statements.Add(Block(token.Line, opener, ends));
                    tokens.Expect(TokenKind.BlockEnd);
                    break;
                default:
                    if (ends.Length > 0) throw tokens.Fail($"Unexpected end of template. Jinja was looking for the following tags: {Words(ends)}. The innermost block that needs to be closed is '{opener}'.");
                    tokens.Leave();
                    return new Body([.. statements]);
            }
        }
    }

    private static string Words(string[] ends) => string.Join(" or ", ends.Select(end => $"'{end}'"));

    /// <summary>The body of a block and its end tag, in the given state of the parser.</summary>
    private Body Enclosed(string opener, bool inLoop, bool inBranch, params string[] ends)
    {
        (bool loop, bool branch) = (tokens.InLoop, tokens.InBranch);
        (tokens.InLoop, tokens.InBranch) = (inLoop, inBranch);
        tokens.Expect(TokenKind.BlockEnd);
        Body body = Statements(opener, ends);
        (tokens.InLoop, tokens.InBranch) = (loop, branch);
        return body;
    }

    private Body Closed(string opener, bool inLoop = false)
    {
        Body body = Enclosed(opener, inLoop, inBranch: false, "end" + opener);
        tokens.Next();
        return body;
    }

    private Statement Block(int line, string opener, string[] ends)
    {
        Token tag = tokens.Current;
        if (tag.Kind != TokenKind.Name) throw tokens.Fail("tag name expected");
        tokens.Next();
        return tag.Text switch
        {
            "if" => If(line),
            "for" => For(line),
            "set" => Set(line),
            "macro" => Macro(line),
            "call" => Call(line),
            "filter" => new FilterStatement(line, filter: new BlockFilter(expressions.BlockFilters()), body: Closed("filter")),
            "with" => With(line),
            "print" => Print(line),
            "block" => NamedBlock(line),
            "generation" => new ScopeStatement(line, Closed("generation"), seesTopOnly: false),
            "autoescape" => new AutoEscapeStatement(line, expressions.Parse(), Closed("autoescape", tokens.InLoop)),
            "break" => Jump(line, Flow.Break),
            "continue" => Jump(line, Flow.Continue),
            "include" or "import" or "extends" or "from" => Loader(line),
            var unknown => throw new TemplateException(TemplateErrorKind.Syntax, Unknown(unknown, opener, ends), line: tag.Line),
        };
    }

    private static string Unknown(string tag, string opener, string[] ends) =>
        $"Encountered unknown tag '{tag}'." + (ends.Length == 0 ? "" : $" Jinja was looking for the following tags: {Words(ends)}. The innermost block that needs to be closed is '{opener}'.");

    private IfStatement If(int line)
    {
        List<(Expression, Body)> branches = [];
        Body? otherwise = null;
        while (true)
        {
            Expression test = expressions.Tuple();
            branches.Add((test, Enclosed("if", tokens.InLoop, inBranch: true, "elif", "else", "endif")));
            string end = tokens.Next().Text;
            if (end == "elif") continue;
            if (end == "else")
            {
                otherwise = Enclosed("if", tokens.InLoop, inBranch: true, "endif");
                tokens.Next();
            }
            return new IfStatement(line, [.. branches], otherwise);
        }
    }

    private ForStatement For(int line)
    {
        Target target = Targets();
        tokens.ExpectName("in");
        Expression items = ItemsWithoutCondition();
        Expression? condition = tokens.SkipName("if") ? expressions.Parse() : null;
        bool isRecursive = tokens.SkipName("recursive");
        int loopUses = tokens.Uses(ImplicitNames.Loop);
        Body body = Enclosed("for", inLoop: true, inBranch: false, "endfor", "else");
        bool usesLoop = tokens.Uses(ImplicitNames.Loop) > loopUses;
        Body? otherwise = null;
        if (tokens.Next().Text == "else")
        {
            otherwise = Enclosed("for", tokens.InLoop, inBranch: false, "endfor");
            tokens.Next();
        }
        return new ForStatement(line, target, items, condition, body, otherwise, usesLoop, isRecursive);
    }

    /// <summary>A loop's items, without the <c>if</c> that filters them; several separated by commas are a tuple.</summary>
    private Expression ItemsWithoutCondition()
    {
        List<Expression> items = [expressions.ParseWithoutCondition()];
        bool isTuple = false;
        while (tokens.Skip(","))
        {
            isTuple = true;
            if (tokens.Current.Kind == TokenKind.BlockEnd || tokens.Current.IsName("recursive")) break;
            items.Add(expressions.ParseWithoutCondition());
        }
        return isTuple ? new TupleNode([.. items]) : items[0];
    }

    private Statement Set(int line)
    {
        Target target = Targets();
        if (tokens.Skip("=")) return new SetStatement(line, target, expressions.Tuple());
        BlockFilter? filter = tokens.Skip("|") ? new BlockFilter(expressions.BlockFilters()) : null;
        return new SetBlockStatement(line, target, Closed("set"), filter);
    }

    /// <summary>One name, a member of a namespace, or several of them to unpack into.</summary>
    private Target Targets()
    {
        Target first = SingleTarget();
        if (!tokens.Current.Is(",")) return first;
        List<Target> targets = [first];
        while (tokens.Skip(",") && !tokens.Current.Is(")") && !tokens.Current.Is("=") && !tokens.Current.IsName("in")) targets.Add(SingleTarget());
        return new TupleTarget([.. targets]);
    }

    private Target SingleTarget()
    {
        if (tokens.Skip("("))
        {
            tokens.Enter();
            Target inner = Targets();
            tokens.Leave();
            tokens.Expect(")");
            return inner;
        }
        string name = AssignableName();
        return tokens.Skip(".") ? new NamespaceTarget(name, tokens.Expect(TokenKind.Name).Text) : new NameTarget(name);
    }

    private string AssignableName()
    {
        string name = tokens.Expect(TokenKind.Name).Text;
        return name is "true" or "false" or "none" or "True" or "False" or "None" ? throw tokens.Fail($"can't assign to '{name}'") : name;
    }

    private MacroStatement Macro(int line)
    {
        string name = AssignableName();
        return new MacroStatement(line, Definition(name, "macro"));
    }

    private CallStatement Call(int line)
    {
        // The caller's parameters stand before the call, its body after it.
        (string[] Names, Expression[] Defaults) parameters = tokens.Current.Is("(") ? Parameters() : ([], []);
        if (expressions.Parse() is not CallNode call) throw tokens.Fail("expected call");
        return new CallStatement(line, call, Definition(null, "call", parameters));
    }

    private MacroDefinition Definition(string? name, string opener, (string[] Names, Expression[] Defaults)? known = null)
    {
        int varArgs = tokens.Uses(ImplicitNames.VarArgs);
        int kwArgs = tokens.Uses(ImplicitNames.KwArgs);
        int caller = tokens.Uses(ImplicitNames.Caller);
        (string[] names, Expression[] defaults) = known ?? Parameters();
        Body body = Closed(opener);
        bool Uses(string implicitName, int before) => tokens.Uses(implicitName) > before && !names.Contains(implicitName);
        return new MacroDefinition(name, names, defaults, body, Uses(ImplicitNames.VarArgs, varArgs), Uses(ImplicitNames.KwArgs, kwArgs), Uses(ImplicitNames.Caller, caller));
    }

    private (string[] Names, Expression[] Defaults) Parameters()
    {
        tokens.Expect("(");
        List<string> names = [];
        List<Expression> defaults = [];
        while (!tokens.Current.Is(")"))
        {
            if (names.Count > 0) tokens.Expect(",");
            string name = AssignableName();
            if (names.Contains(name)) throw tokens.Fail($"duplicate argument '{name}' in a macro");
            names.Add(name);
            if (tokens.Skip("=")) defaults.Add(expressions.Parse());
            else if (defaults.Count > 0) throw tokens.Fail("non-default argument follows default argument");
        }
        tokens.Expect(")");
        return ([.. names], [.. defaults]);
    }

    private WithStatement With(int line)
    {
        List<Target> targets = [];
        List<Expression> values = [];
        while (tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (targets.Count > 0) tokens.Expect(",");
            targets.Add(SingleTarget());
            tokens.Expect("=");
            values.Add(expressions.Parse());
        }
        return new WithStatement(line, [.. targets], [.. values], Closed("with", tokens.InLoop));
    }

    private PrintStatement Print(int line)
    {
        List<Expression> values = [];
        while (tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (values.Count > 0) tokens.Expect(",");
            values.Add(expressions.Parse());
        }
        return new PrintStatement(line, [.. values]);
    }

    private ScopeStatement NamedBlock(int line)
    {
        string name = tokens.Expect(TokenKind.Name).Text;
        if (!blocks.Add(name)) throw tokens.Fail($"block '{name}' defined twice");
        bool isScoped = tokens.SkipName("scoped");
        tokens.SkipName("required");
        Body body = Closed("block");
        if (tokens.Current.IsName(name)) tokens.Next();
        return new ScopeStatement(line, body, seesTopOnly: !isScoped);
    }

    private JumpStatement Jump(int line, Flow flow) =>
        tokens.InLoop ? new JumpStatement(line, flow) : throw tokens.Fail($"'{(flow == Flow.Break ? "break" : "continue")}' outside loop");

    private LoaderStatement Loader(int line)
    {
        while (tokens.Current.Kind is not (TokenKind.BlockEnd or TokenKind.End)) tokens.Next();
        return new LoaderStatement(line);
    }
}
