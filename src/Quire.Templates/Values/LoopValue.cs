using Quire.Templates.Nodes;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>The <c>loop</c> of a for block. Reads one item ahead only when asked what comes next.</summary>
internal sealed class LoopValue : Value
{
    private static readonly UndefinedValue noPrevious = UndefinedValue.Because("there is no previous item");
    private static readonly UndefinedValue noNext = UndefinedValue.Because("there is no next item");

    private readonly (ForStatement Statement, Scope Scope)? recursion;
    private readonly int depth;
    private IEnumerator<Value> rest;
    private int? length;
    private int index = -1;
    private Value? previous;
    private Value? ahead;
    private Value? lastChanged;

    public LoopValue(IEnumerable<Value> items, int? length, int depth, (ForStatement, Scope)? recursion)
    {
        rest = items.GetEnumerator();
        this.length = length;
        this.depth = depth;
        this.recursion = recursion;
    }

    public override string TypeName => "LoopContext";

    public Value Current { get; private set; } = noNext;

    public override bool IsCallable => true;

    public bool MoveNext()
    {
        Value? next = ahead ?? (rest.MoveNext() ? rest.Current : null);
        ahead = null;
        if (next is null) return false;
        previous = index < 0 ? null : Current;
        Current = next;
        index++;
        return true;
    }

    private Value? Peek() => ahead ??= rest.MoveNext() ? rest.Current : null;

    public override int? Length
    {
        get
        {
            if (length is { } known) return known;
            var remaining = new List<Value>();
            while (rest.MoveNext()) remaining.Add(rest.Current);
            rest = remaining.GetEnumerator();
            return length = remaining.Count + index + 1 + (ahead is null ? 0 : 1);
        }
    }

    public override Value? Attribute(string name) => name switch
    {
        "index" => Of(index + 1),
        "index0" => Of(index),
        "first" => Of(index == 0),
        "last" => Of(Peek() is null),
        "length" => Of(Length!.Value),
        "revindex" => Of(Length!.Value - index),
        "revindex0" => Of(Length!.Value - index - 1),
        "previtem" => previous ?? noPrevious,
        "nextitem" => Peek() ?? noNext,
        "depth" => Of(depth + 1),
        "depth0" => Of(depth),
        "cycle" => new NativeFunction("cycle", (_, a) => a.Positional.Length > 0 ? a.Positional[index % a.Positional.Length] : throw Errors.Runtime("no items for cycling given")),
        "changed" => new NativeFunction("changed", (_, a) => Changed(new TupleValue(a.Positional))),
        _ => null,
    };

    private BoolValue Changed(Value value)
    {
        if (lastChanged is not null && lastChanged.Equals(value)) return BoolValue.False;
        lastChanged = value;
        return BoolValue.True;
    }

    public override Value Call(Run run, Arguments arguments)
    {
        if (recursion is not { } loop) throw Errors.Runtime("The loop must have the 'recursive' marker to be called recursively.");
        Value items = new Signature("iterable").Bind("loop", arguments)[0]!;
        run.EnterCall();
        run.BeginCapture();
        loop.Statement.Iterate(run, loop.Scope, items, depth + 1);
        run.LeaveCall();
        return new StrValue(run.EndCapture(), run.AutoEscape);
    }

    public override void Repr(Python.ReprWriter writer) => writer.Raw($"<LoopContext {index + 1}/{Length}>");

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
