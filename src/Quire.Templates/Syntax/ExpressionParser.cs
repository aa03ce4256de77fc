using System.Globalization;
using System.Numerics;
using Quire.Templates.Library;
using Quire.Templates.Python;
using Quire.Templates.Nodes;
using Quire.Templates.Values;

namespace Quire.Templates.Syntax;

/// <summary>The expression language, one method for a level of precedence, loosest first.</summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    private static readonly string[] comparisons = ["==", "!=", "<", "<=", ">", ">="];

    public Expression Parse()
    {
        tokens.Enter();
        Expression expression = Conditional();
        tokens.Leave();
        return expression;
    }

    /// <summary>An expression without a top-level <c>if</c>, as the items of a loop are.</summary>
    public Expression ParseWithoutCondition() => Or();

    private Expression Conditional()
    {
        bool before = tokens.InBranch;
        int known = tokens.UnknownCount;
        Expression value = Or();
        while (tokens.SkipName("if"))
        {
            // What stands before the if turns out to be a branch as well.
            tokens.ForgiveUnknown(known);
            tokens.InBranch = true;
            Expression test = Or();
            Expression? otherwise = tokens.SkipName("else") ? Parse() : null;
            value = new ConditionalNode(test, value, otherwise);
        }
        tokens.InBranch = before;
        return value;
    }

    private Expression Or()
    {
        Expression left = And();
        while (tokens.SkipName("or")) left = new OrNode(left, And());
        return left;
    }

    private Expression And()
    {
        Expression left = Not();
        while (tokens.SkipName("and")) left = new AndNode(left, Not());
        return left;
    }

    private Expression Not()
    {
        if (!tokens.SkipName("not")) return Compare();
        tokens.Enter();
        var node = new NotNode(Not());
        tokens.Leave();
        return node;
    }

    private Expression Compare()
    {
        Expression first = Sum();
        List<string>? ops = null;
        List<Expression>? rest = null;
        while (ComparisonOperator() is { } op)
        {
            (ops ??= []).Add(op);
            (rest ??= []).Add(Sum());
        }
        return ops is null ? first : new CompareNode(first, [.. ops], [.. rest!]);
    }

    private string? ComparisonOperator()
    {
        if (tokens.Current.Kind == TokenKind.Operator && comparisons.Contains(tokens.Current.Text)) return tokens.Next().Text;
        if (tokens.SkipName("in")) return "in";
        if (!tokens.Current.IsName("not") || !tokens.Ahead.IsName("in")) return null;
        tokens.Next();
        tokens.Next();
        return "not in";
    }

    private Expression Sum()
    {
        Expression left = Concat();
        while (tokens.Current.Is("+") || tokens.Current.Is("-"))
        {
            string op = tokens.Next().Text;
            left = new BinaryNode(op, left, Concat());
        }
        return left;
    }

    /// <summary><c>~</c> binds tighter than <c>+</c>: Jinja's own order.</summary>
    private Expression Concat()
    {
        Expression first = Product();
        if (!tokens.Current.Is("~")) return first;
        List<Expression> parts = [first];
        while (tokens.Skip("~")) parts.Add(Product());
        return new ConcatNode([.. parts]);
    }

    private Expression Product()
    {
        Expression left = Power();
        while (tokens.Current.Is("*") || tokens.Current.Is("/") || tokens.Current.Is("//") || tokens.Current.Is("%"))
        {
            string op = tokens.Next().Text;
            left = new BinaryNode(op, left, Power());
        }
        return left;
    }

    private Expression Power()
    {
        Expression left = Unary(withFilters: true);
        while (tokens.Skip("**")) left = new BinaryNode("**", left, Unary(withFilters: true));
        return left;
    }

    private Expression Unary(bool withFilters)
    {
        Expression node;
        if (tokens.Current.Is("-") || tokens.Current.Is("+"))
        {
            tokens.Enter();
            bool negate = tokens.Next().Text == "-";
            node = new SignNode(negate, Unary(withFilters: false));
            tokens.Leave();
        }
        else node = Primary();
        node = Postfix(node);
        return withFilters ? FiltersAndTests(node) : node;
    }

    private Expression Primary()
    {
        Token token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                tokens.Next();
                return Name(token.Text);
            case TokenKind.String:
                return Strings();
            case TokenKind.Integer:
                tokens.Next();
                return new ConstantNode(Integer(token.Text));
            case TokenKind.Float:
                tokens.Next();
                return new ConstantNode(new FloatValue(double.Parse(token.Text, CultureInfo.InvariantCulture)));
        }
        if (token.Is("(")) return Parenthesized();
        if (token.Is("[")) return List();
        if (token.Is("{")) return Dict();
        throw tokens.Fail($"unexpected '{token}'");
    }

    private Expression Name(string name)
    {
        switch (name)
        {
            case "true" or "True": return new ConstantNode(BoolValue.True);
            case "false" or "False": return new ConstantNode(BoolValue.False);
            case "none" or "None": return new ConstantNode(NoneValue.Instance);
        }
        tokens.Use(name);
        return new NameNode(name);
    }

    private ConstantNode Strings()
    {
        string text = tokens.Next().Text;
        if (tokens.Current.Kind == TokenKind.String)
        {
            var all = new System.Text.StringBuilder(text);
            while (tokens.Current.Kind == TokenKind.String) all.Append(tokens.Next().Text);
            text = all.ToString();
        }
        return new ConstantNode(new StrValue(text));
    }

    private IntValue Integer(string digits)
    {
        int radix = digits.Length > 1 ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 } : 10;
        return NumberText.Integer(digits, radix) is { } value ? IntValue.Of(value) : throw tokens.Fail("the integer literal is too long");
    }

    /// <summary>A parenthesized expression, or a tuple where it holds a comma or nothing.</summary>
    private Expression Parenthesized()
    {
        tokens.Next();
        Expression node = Tuple(")", orEmpty: true);
        tokens.Expect(")");
        return node;
    }

    /// <summary>Expressions separated by commas: one alone is itself, several are a tuple.</summary>
    public Expression Tuple(string? end = null, bool orEmpty = false)
    {
        List<Expression> items = [];
        bool isTuple = false;
        while (!AtTupleEnd(end))
        {
            if (items.Count > 0 && !isTuple) break;
            items.Add(Parse());
            isTuple = tokens.Skip(",");
            if (!isTuple) break;
        }
        if (items.Count == 1 && !isTuple) return items[0];
        if (items.Count == 0 && !orEmpty) throw tokens.Fail($"Expected an expression, got '{tokens.Current}'");
        return new TupleNode([.. items]);
    }

    private bool AtTupleEnd(string? end) =>
        tokens.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd or TokenKind.End || tokens.Current.Is(end ?? ")");

    private ListNode List()
    {
        tokens.Next();
        List<Expression> items = [];
        while (!tokens.Current.Is("]"))
        {
            if (items.Count > 0)
            {
                tokens.Expect(",");
                if (tokens.Current.Is("]")) break;
            }
            items.Add(Parse());
        }
        tokens.Expect("]");
        return new ListNode([.. items]);
    }

    private DictNode Dict()
    {
        tokens.Next();
        List<Expression> keys = [];
        List<Expression> values = [];
        while (!tokens.Current.Is("}"))
        {
            if (keys.Count > 0)
            {
                tokens.Expect(",");
                if (tokens.Current.Is("}")) break;
            }
            keys.Add(Parse());
            tokens.Expect(":");
            values.Add(Parse());
        }
        tokens.Expect("}");
        return new DictNode([.. keys], [.. values]);
    }

    private Expression Postfix(Expression node)
    {
        while (true)
        {
            if (tokens.Skip(".")) node = Member(node);
            else if (tokens.Skip("[")) node = Subscript(node);
            else if (tokens.Current.Is("(")) node = new CallNode(node, Arguments());
            else return node;
        }
    }

    private Expression Member(Expression owner)
    {
        Token token = tokens.Next();
        return token.Kind switch
        {
            TokenKind.Name => new AttributeNode(owner, token.Text),
            TokenKind.Integer => new ItemNode(owner, new ConstantNode(Integer(token.Text))),
            _ => throw tokens.Fail("expected name or number"),
        };
    }

    private Expression Subscript(Expression owner)
    {
        List<Expression> parts = [];
        Expression? result = null;
        bool isTuple = false;
        while (!tokens.Current.Is("]"))
        {
            if (parts.Count > 0 || result is not null)
            {
                tokens.Expect(",");
                isTuple = true;
                if (result is not null) throw tokens.Fail("a slice cannot be part of a tuple here");
                if (tokens.Current.Is("]")) break;
            }
            if (tokens.Current.Is(":")) result = Slice(owner, null);
            else
            {
                Expression part = Parse();
                if (tokens.Current.Is(":")) result = Slice(owner, part);
                else parts.Add(part);
            }
        }
        tokens.Expect("]");
        if (result is not null) return parts.Count == 0 ? result : throw tokens.Fail("a slice cannot be part of a tuple here");
        return new ItemNode(owner, isTuple || parts.Count == 0 ? new TupleNode([.. parts]) : parts[0]);
    }

    private SliceNode Slice(Expression owner, Expression? start)
    {
        tokens.Expect(":");
        Expression? stop = tokens.Current.Is(":") || tokens.Current.Is("]") || tokens.Current.Is(",") ? null : Parse();
        Expression? step = null;
        if (tokens.Skip(":") && !tokens.Current.Is("]") && !tokens.Current.Is(",")) step = Parse();
        var none = new ConstantNode(NoneValue.Instance);
        return new SliceNode(owner, start ?? none, stop ?? none, step ?? none);
    }

    public ArgumentList Arguments()
    {
        tokens.Expect("(");
        List<Expression> positional = [];
        List<KeyValuePair<string, Expression>> named = [];
        Expression? spread = null;
        Expression? spreadNamed = null;
        for (bool first = true; !tokens.Current.Is(")"); first = false)
        {
            if (!first)
            {
                tokens.Expect(",");
                if (tokens.Current.Is(")")) break;
            }
            if (tokens.Current.Is("*") && spread is null && spreadNamed is null)
            {
                tokens.Next();
                spread = Parse();
            }
            else if (tokens.Current.Is("**") && spreadNamed is null)
            {
                tokens.Next();
                spreadNamed = Parse();
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Ahead.Is("=") && spreadNamed is null)
            {
                string name = tokens.Next().Text;
                tokens.Next();
                if (named.Any(n => n.Key == name)) throw tokens.Fail($"keyword argument repeated: {name}");
                named.Add(KeyValuePair.Create(name, Parse()));
            }
            else if (named.Count == 0 && spread is null && spreadNamed is null) positional.Add(Parse());
            else throw tokens.Fail("invalid syntax for function call expression");
        }
        tokens.Expect(")");
        return new ArgumentList([.. positional], [.. named], spread, spreadNamed);
    }

    private Expression FiltersAndTests(Expression node)
    {
        while (true)
        {
            if (tokens.Skip("|")) node = Filter(node);
            else if (tokens.SkipName("is")) node = Test(node);
            else if (tokens.Current.Is("(")) node = new CallNode(node, Arguments());
            else return node;
        }
    }

    private FilterNode Filter(Expression input)
    {
        string name = DottedName();
        if (Filters.Find(name) is null) tokens.NoteUnknown($"No filter named '{name}'.");
        return new FilterNode(name, input, tokens.Current.Is("(") ? Arguments() : ArgumentList.Empty);
    }

    /// <summary>The filters of a filter or set block; the first stands without a bar.</summary>
    public Expression BlockFilters()
    {
        Expression node = Filter(new NameNode(BlockFilter.InputName));
        while (tokens.Skip("|")) node = Filter(node);
        return node;
    }

    private Expression Test(Expression input)
    {
        bool negated = tokens.SkipName("not");
        string name = DottedName();
        if (Tests.Find(name) is null) tokens.NoteUnknown($"No test named '{name}'.");
        ArgumentList arguments = ArgumentList.Empty;
        if (tokens.Current.Is("(")) arguments = Arguments();
        else if (StartsOperand())
        {
            if (tokens.Current.IsName("is")) throw tokens.Fail("You cannot chain multiple tests with is");
            arguments = new ArgumentList([Postfix(Primary())], [], null, null);
        }
        var test = new TestNode(name, input, arguments);
        return negated ? new NotNode(test) : test;
    }

    private bool StartsOperand() => tokens.Current.Kind switch
    {
        TokenKind.Name => tokens.Current.Text is not ("else" or "or" or "and"),
        TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
        _ => tokens.Current.Is("[") || tokens.Current.Is("{"),
    };

    private string DottedName()
    {
        string name = tokens.Expect(TokenKind.Name).Text;
        while (tokens.Skip(".")) name += "." + tokens.Expect(TokenKind.Name).Text;
        return name;
    }
}
