using Quire.Templates.Library;
using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

internal sealed class ConstantNode(Value value) : Expression
{
    public Value Value => value;

    public override Value Evaluate(Run run, Scope scope)
    {
        run.Charge(1);
        return value;
    }
}

internal sealed class NameNode(string name) : Expression
{
    private readonly UndefinedValue undefined = UndefinedValue.Name(name);

    public string Name => name;

    public override bool IsConstant => false;

    public override Value Evaluate(Run run, Scope scope)
    {
        run.Charge(1);
        return scope.Find(name) ?? Globals.Find(name) ?? undefined;
    }
}

internal sealed class ListNode(Expression[] items) : Expression(items)
{
    public override Value Evaluate(Run run, Scope scope) => new ListValue(Evaluate(items, run, scope));

    public static Value[] Evaluate(Expression[] items, Run run, Scope scope)
    {
        run.Charge(1);
        var values = new Value[items.Length];
        for (int i = 0; i < values.Length; i++) values[i] = items[i].Evaluate(run, scope);
        return values;
    }
}

internal sealed class TupleNode(Expression[] items) : Expression(items)
{
    public Expression[] Items => items;

    public override Value Evaluate(Run run, Scope scope) => new TupleValue(ListNode.Evaluate(items, run, scope));
}

internal sealed class DictNode(Expression[] keys, Expression[] values) : Expression([.. keys, .. values])
{
    public override Value Evaluate(Run run, Scope scope)
    {
        run.Charge(1);
        var dict = new DictValue(keys.Length);
        for (int i = 0; i < keys.Length; i++) dict.Put(keys[i].Evaluate(run, scope), values[i].Evaluate(run, scope));
        return dict;
    }
}

/// <summary>Adjacent values printed into one string: <c>a ~ b ~ c</c>.</summary>
internal sealed class ConcatNode(Expression[] parts) : Expression(parts)
{
    public override Value Evaluate(Run run, Scope scope)
    {
        Value[] values = ListNode.Evaluate(parts, run, scope);
        // One escaped part makes the whole escaped, where escaping is on at all.
        bool escapes = run.AutoEscape && values.Any(value => value is StrValue { IsMarkup: true });
        var texts = new string[values.Length];
        long length = 0;
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = Html.Text(run, values[i], escapes);
            length += texts[i].Length;
        }
        run.ChargeText(length);
        return new StrValue(string.Concat(texts), escapes);
    }
}
