using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A node that writes, assigns or decides.</summary>
internal abstract class Statement(int line)
{
    public int Line => line;

    public Flow Execute(Run run, Scope scope)
    {
        run.Line = line;
        run.Charge(1);
        return Perform(run, scope);
    }

    protected abstract Flow Perform(Run run, Scope scope);
}

internal sealed class Body(Statement[] statements)
{
    public Flow Execute(Run run, Scope scope)
    {
        foreach (Statement statement in statements)
            if (statement.Execute(run, scope) is var flow and not Flow.Next) return flow;
        return Flow.Next;
    }

    /// <summary>Runs the body into a text of its own.</summary>
    public StrValue Capture(Run run, Scope scope)
    {
        run.BeginCapture();
        Execute(run, scope);
        return new StrValue(run.EndCapture(), run.AutoEscape);
    }
}

internal sealed class TextStatement(int line, string text) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        run.Write(text);
        return Flow.Next;
    }
}

internal sealed class PrintStatement(int line, Expression[] expressions) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        foreach (Expression expression in expressions)
        {
            run.IsFolding = expression.IsConstant;
            Value value = expression.Evaluate(run, scope);
            run.IsFolding = false;
            run.Write(Html.Text(run, value, run.AutoEscape));
        }
        return Flow.Next;
    }
}

/// <summary>if, elif, else: they share the scope around them.</summary>
internal sealed class IfStatement(int line, (Expression Test, Body Body)[] branches, Body? otherwise) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        foreach ((Expression test, Body body) in branches)
            if (test.IsTrue(run, scope)) return body.Execute(run, scope);
        return otherwise?.Execute(run, scope) ?? Flow.Next;
    }
}

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed class JumpStatement(int line, Flow flow) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope) => flow;
}

/// <summary>A statement that can only fail: there is nothing to include, import or extend.</summary>
internal sealed class LoaderStatement(int line) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope) => throw Errors.Runtime("no loader for this environment specified");
}
