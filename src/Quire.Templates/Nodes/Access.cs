using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

internal sealed class AttributeNode(Expression owner, string name) : Expression(owner)
{
    public override Value Evaluate(Run run, Scope scope) => Members.Attribute(owner.Evaluate(run, scope), name);
}

internal sealed class ItemNode(Expression owner, Expression key) : Expression(owner, key)
{
    public override Value Evaluate(Run run, Scope scope)
    {
        Value value = owner.Evaluate(run, scope);
        return Members.Item(run, value, key.Evaluate(run, scope));
    }
}

internal sealed class SliceNode(Expression owner, Expression start, Expression stop, Expression step) : Expression(owner, start, stop, step)
{
    public override Value Evaluate(Run run, Scope scope)
    {
        Value value = owner.Evaluate(run, scope);
        if (run.IsFolding && value is not (StrValue or SequenceValue or RangeValue or UndefinedValue)) return UndefinedValue.Because($"'{value.TypeName}' object has no slices");
        return Sequences.Slice(run, value, start.Evaluate(run, scope), stop.Evaluate(run, scope), step.Evaluate(run, scope));
    }
}

/// <summary>The arguments of a call as written, with <c>*args</c> and <c>**kwargs</c>.</summary>
internal sealed class ArgumentList(Expression[] positional, KeyValuePair<string, Expression>[] named, Expression? spread, Expression? spreadNamed)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);

    public Expression[] Children { get; } = [.. positional, .. named.Select(n => n.Value), .. spread is null ? Array.Empty<Expression>() : [spread], .. spreadNamed is null ? Array.Empty<Expression>() : [spreadNamed]];

    public Arguments Evaluate(Run run, Scope scope, Value? caller = null)
    {
        run.Charge(1);
        Value[] values = ListNode.Evaluate(positional, run, scope);
        if (spread is not null) values = [.. values, .. spread.Evaluate(run, scope).RequireItems(run)];
        if (named.Length == 0 && spreadNamed is null && caller is null) return new Arguments(values, []);
        var names = new List<KeyValuePair<string, Value>>(named.Length + 1);
        foreach ((string name, Expression value) in named) names.Add(KeyValuePair.Create(name, value.Evaluate(run, scope)));
        if (caller is not null) names.Add(KeyValuePair.Create(Syntax.ImplicitNames.Caller, caller));
        if (spreadNamed is not null) AddSpread(names, spreadNamed.Evaluate(run, scope));
        return new Arguments(values, [.. names]);
    }

    private static void AddSpread(List<KeyValuePair<string, Value>> names, Value mapping)
    {
        if (mapping is not DictValue dict) throw Errors.Runtime($"argument after ** must be a mapping, not {mapping.TypeName}");
        var seen = names.Select(n => n.Key).ToHashSet();
        foreach ((Value key, Value value) in dict.Entries)
        {
            string name = key is StrValue str ? str.Content : throw Errors.Runtime("keywords must be strings");
            if (!seen.Add(name)) throw Errors.Runtime($"got multiple values for keyword argument '{name}'");
            names.Add(KeyValuePair.Create(name, value));
        }
    }
}

internal sealed class CallNode(Expression target, ArgumentList arguments) : Expression([target, .. arguments.Children])
{
    public override bool IsConstant => false;

    public override Value Evaluate(Run run, Scope scope) => Evaluate(run, scope, null);

    public Value Evaluate(Run run, Scope scope, Value? caller)
    {
        Value function = target.Evaluate(run, scope);
        return function.Call(run, arguments.Evaluate(run, scope, caller));
    }
}
