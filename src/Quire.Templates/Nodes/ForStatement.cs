using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

/// <summary>A loop: every round has a scope of its own.</summary>
/// <param name="usesLoop">Whether the body looks at <c>loop</c>; if not, none is made and no item is read ahead.</param>
internal sealed class ForStatement(int line, Target target, Expression items, Expression? condition, Body body, Body? otherwise, bool usesLoop, bool isRecursive) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        Value value = items.Evaluate(run, scope);
        Iterate(run, scope, value, 0);
        return Flow.Next;
    }

    /// <summary>Runs the loop over a value; recursive loops come back here from <c>loop(...)</c>.</summary>
    public void Iterate(Run run, Scope scope, Value value, int depth)
    {
        IEnumerable<Value> source = value.RequireItems(run);
        if (condition is not null) source = Filtered(run, scope, source);
        bool any = usesLoop || isRecursive
            ? Rounds(run, scope, new LoopValue(source, condition is null ? value.Length : null, depth, isRecursive ? (this, scope) : null))
            : Rounds(run, scope, source);
        if (!any) otherwise?.Execute(run, new Scope(scope));
    }

    private bool Rounds(Run run, Scope scope, IEnumerable<Value> source)
    {
        bool any = false;
        foreach (Value item in source)
        {
            any = true;
            run.Charge(1);
            var inner = new Scope(scope);
            target.Assign(run, inner, item);
            if (body.Execute(run, inner) == Flow.Break) break;
        }
        return any;
    }

    private bool Rounds(Run run, Scope scope, LoopValue loop)
    {
        bool any = false;
        while (loop.MoveNext())
        {
            any = true;
            run.Charge(1);
            var inner = new Scope(scope);
            inner.Set(Syntax.ImplicitNames.Loop, loop);
            target.Assign(run, inner, loop.Current);
            if (body.Execute(run, inner) == Flow.Break) break;
        }
        return any;
    }

    // Lazy, as the reference is: a condition may look at what earlier rounds have written to a namespace.
    private IEnumerable<Value> Filtered(Run run, Scope scope, IEnumerable<Value> source)
    {
        foreach (Value item in source)
        {
            run.Charge(1);
            var inner = new Scope(scope);
            target.Assign(run, inner, item);
            if (condition!.IsTrue(run, inner)) yield return item;
        }
    }
}
