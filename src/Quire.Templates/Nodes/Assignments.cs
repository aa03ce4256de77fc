using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

/// <summary>What a value is assigned to.</summary>
internal abstract class Target
{
    public abstract void Assign(Run run, Scope scope, Value value);
}

internal sealed class NameTarget(string name) : Target
{
    public string Name => name;

    public override void Assign(Run run, Scope scope, Value value) => scope.Set(name, value);
}

internal sealed class NamespaceTarget(string name, string member) : Target
{
    public override void Assign(Run run, Scope scope, Value value)
    {
        Value owner = scope.Find(name) ?? UndefinedValue.Name(name);
        if (owner is not NamespaceValue members) throw Errors.Runtime("cannot assign attribute on non-namespace object");
        members.Set(member, value);
    }
}

internal sealed class TupleTarget(Target[] targets) : Target
{
    public override void Assign(Run run, Scope scope, Value value)
    {
        IEnumerable<Value> items = value.Items(run) ?? throw Errors.Runtime($"cannot unpack non-iterable {value.TypeName} object");
        Value[] values = [.. items.Take(targets.Length + 1)];
        run.Charge(values.Length);
        if (values.Length > targets.Length) throw Errors.Runtime($"too many values to unpack (expected {targets.Length})");
        if (values.Length < targets.Length) throw Errors.Runtime($"not enough values to unpack (expected {targets.Length}, got {values.Length})");
        for (int i = 0; i < values.Length; i++) targets[i].Assign(run, scope, values[i]);
    }
}

internal sealed class SetStatement(int line, Target target, Expression value) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        target.Assign(run, scope, value.Evaluate(run, scope));
        return Flow.Next;
    }
}

/// <summary>Filters over the text of a block; the text takes the place of their input under a name no template can spell.</summary>
internal sealed class BlockFilter(Expression filters)
{
    public const string InputName = "captured text";

    public Value Apply(Run run, Scope scope, Value text)
    {
        var inner = new Scope(scope);
        inner.Set(InputName, text);
        return filters.Evaluate(run, inner);
    }
}

/// <summary><c>{% set x %}...{% endset %}</c>.</summary>
internal sealed class SetBlockStatement(int line, Target target, Body body, BlockFilter? filter) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        Value text = body.Capture(run, new Scope(scope));
        target.Assign(run, scope, filter?.Apply(run, scope, text) ?? text);
        return Flow.Next;
    }
}

internal sealed class FilterStatement(int line, Body body, BlockFilter filter) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        Value text = body.Capture(run, new Scope(scope));
        run.Write(filter.Apply(run, scope, text).Text(run));
        return Flow.Next;
    }
}

internal sealed class WithStatement(int line, Target[] targets, Expression[] values, Body body) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        var inner = new Scope(scope);
        for (int i = 0; i < targets.Length; i++) targets[i].Assign(run, inner, values[i].Evaluate(run, scope));
        return body.Execute(run, inner);
    }
}

/// <summary>A body in a scope of its own: <c>generation</c>, which only marks what the assistant says, and <c>block</c>, which sees top-level names alone.</summary>
internal sealed class ScopeStatement(int line, Body body, bool seesTopOnly) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        body.Execute(run, new Scope(seesTopOnly ? run.Top : scope));
        return Flow.Next;
    }
}

internal sealed class AutoEscapeStatement(int line, Expression isOn, Body body) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        bool before = run.AutoEscape;
        run.AutoEscape = isOn.IsTrue(run, scope);
        Flow flow = body.Execute(run, new Scope(scope));
        run.AutoEscape = before;
        return flow;
    }
}
