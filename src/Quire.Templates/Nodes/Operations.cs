using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

internal sealed class AndNode(Expression left, Expression right) : Expression(left, right)
{
    public override bool IsConstant => base.IsConstant || left is ConstantNode { Value.IsTrue: false };

    public override Value Evaluate(Run run, Scope scope) => left.Evaluate(run, scope) is { IsTrue: false } decided ? decided : right.Evaluate(run, scope);
}

internal sealed class OrNode(Expression left, Expression right) : Expression(left, right)
{
    public override bool IsConstant => base.IsConstant || left is ConstantNode { Value.IsTrue: true };

    public override Value Evaluate(Run run, Scope scope) => left.Evaluate(run, scope) is { IsTrue: true } decided ? decided : right.Evaluate(run, scope);
}

internal sealed class NotNode(Expression operand) : Expression(operand)
{
    public override Value Evaluate(Run run, Scope scope) => Value.Of(!operand.IsTrue(run, scope));
}

internal sealed class SignNode(bool negate, Expression operand) : Expression(operand)
{
    public override Value Evaluate(Run run, Scope scope) =>
        negate ? Operators.Negate(operand.Evaluate(run, scope)) : Operators.Plus(operand.Evaluate(run, scope));
}

internal sealed class BinaryNode(string op, Expression left, Expression right) : Expression(left, right)
{
    private readonly Func<Run, Value, Value, Value> apply = op switch
    {
        "+" => Operators.Add,
        "-" => static (_, a, b) => Operators.Subtract(a, b),
        "*" => Operators.Multiply,
        "/" => static (_, a, b) => Operators.Divide(a, b),
        "//" => static (_, a, b) => Operators.FloorDivide(a, b),
        "%" => Operators.Modulo,
        "**" => static (_, a, b) => Operators.Power(a, b),
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, null),
    };

    public override Value Evaluate(Run run, Scope scope)
    {
        Value a = left.Evaluate(run, scope);
        return apply(run, a, right.Evaluate(run, scope));
    }
}

/// <summary>A chain of comparisons, each between neighbours: <c>a &lt; b &lt; c</c>.</summary>
internal sealed class CompareNode(Expression first, string[] ops, Expression[] rest) : Expression([first, .. rest])
{
    public override Value Evaluate(Run run, Scope scope)
    {
        Value left = first.Evaluate(run, scope);
        for (int i = 0; i < ops.Length; i++)
        {
            Value right = rest[i].Evaluate(run, scope);
            if (!Holds(run, ops[i], left, right)) return BoolValue.False;
            left = right;
        }
        return BoolValue.True;
    }

    public static bool Holds(Run run, string op, Value left, Value right) => op switch
    {
        "==" => Operators.AreEqual(run, left, right),
        "!=" => !Operators.AreEqual(run, left, right),
        "in" => Operators.Contains(run, right, left),
        "not in" => !Operators.Contains(run, right, left),
        _ => Operators.Orders(run, op, left, right),
    };
}

/// <summary><c>a if test else b</c>; without <c>else</c> the other case is undefined.</summary>
internal sealed class ConditionalNode(Expression test, Expression then, Expression? otherwise) : Expression([test, then, .. otherwise is null ? Array.Empty<Expression>() : [otherwise]])
{
    private static readonly UndefinedValue nothing = UndefinedValue.Because("the inline if-expression evaluated to false and no else section was defined.");

    public override Value Evaluate(Run run, Scope scope) =>
        test.IsTrue(run, scope) ? then.Evaluate(run, scope) : otherwise?.Evaluate(run, scope) ?? nothing;
}
