using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

/// <summary>A node that has a value.</summary>
/// <remarks>Depth is bounded when a node is made, so evaluating one expression needs a bounded stack; only calls multiply it, and they ask (<see cref="Run.EnterCall"/>).</remarks>
internal abstract class Expression
{
    private readonly int depth = 1;

    protected Expression(params ReadOnlySpan<Expression> children)
    {
        foreach (Expression child in children)
        {
            depth = Math.Max(depth, child.depth + 1);
            IsConstant &= child.IsConstant;
        }
        if (depth > Limits.SourceDepth) throw new TemplateException(TemplateErrorKind.Syntax, "the expression is nested too deeply");
    }

    /// <summary>Whether the value is the same in every render.</summary>
    public virtual bool IsConstant { get; } = true;

    public abstract Value Evaluate(Run run, Scope scope);

    public bool IsTrue(Run run, Scope scope) => Evaluate(run, scope).IsTrue;
}
