using Quire.Templates.Library;
using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>Python's dict: keys in the order of their first insertion. Built once, then only read.</summary>
internal sealed class DictValue : Value
{
    private static readonly string[] mutators = ["clear", "pop", "popitem", "setdefault", "update"];

    private readonly OrderedDictionary<Value, Value> entries;
    private long weight = 1;
    private int depth = 1;

    public DictValue(int capacity = 0) => entries = new OrderedDictionary<Value, Value>(capacity);

    public static DictValue Of(IEnumerable<KeyValuePair<Value, Value>> pairs)
    {
        var dict = new DictValue();
        foreach ((Value key, Value value) in pairs) dict.Put(key, value);
        return dict;
    }

    public IReadOnlyList<KeyValuePair<Value, Value>> Entries => entries;

    public override string TypeName => "dict";

    public override bool IsTrue => entries.Count > 0;

    public override bool IsHashable => false;

    public override long Weight => weight;

    public override int Depth => depth;

    public override int? Length => entries.Count;

    /// <summary>Sets an entry while the dict is being built; an equal key keeps its first spelling and place.</summary>
    public void Put(Value key, Value value)
    {
        if (!key.IsHashable) throw Errors.Runtime($"unhashable type: '{key.TypeName}'");
        entries[key] = value;
        weight += 1 + key.Weight + value.Weight;
        depth = Math.Max(depth, 1 + Math.Max(key.Depth, value.Depth));
        Sequences.Check(weight, depth);
    }

    public Value? Get(string key) => entries.GetValueOrDefault(new StrValue(key));

    public bool Contains(Value key) => key.IsHashable ? entries.ContainsKey(key) : throw Errors.Runtime($"unhashable type: '{key.TypeName}'");

    public override IEnumerable<Value> Items(Run run) => entries.Keys;

    public override Value? Item(Value key) => key.IsHashable ? entries.GetValueOrDefault(key) : null;

    public override Value? Attribute(string name) => CollectionMethods.Find(this, name);

    public override bool IsWithheld(string name) => mutators.Contains(name);

    public override void Repr(ReprWriter writer) => writer.Pairs("{", entries, "}");

    public override bool Equals(object? obj)
    {
        if (ReferenceEquals(this, obj)) return true;
        if (obj is not DictValue other || other.entries.Count != entries.Count) return false;
        Run.EnsureStack();
        foreach ((Value key, Value value) in entries)
            if (!other.entries.TryGetValue(key, out Value? theirs) || !value.Equals(theirs)) return false;
        return true;
    }

    public override int GetHashCode() => throw Errors.Runtime("unhashable type: 'dict'");
}

internal enum DictViewKind
{
    Keys,
    Values,
    Items,
}

/// <summary>What <c>keys()</c>, <c>values()</c> and <c>items()</c> give: a window on a dict, not a list.</summary>
internal sealed class DictViewValue(DictValue dict, DictViewKind kind) : Value
{
    public DictViewKind Kind => kind;

    public DictValue Dict => dict;

    public override string TypeName => kind switch { DictViewKind.Keys => "dict_keys", DictViewKind.Values => "dict_values", _ => "dict_items" };

    public override bool IsTrue => dict.IsTrue;

    public override bool IsHashable => kind == DictViewKind.Values;

    public override long Weight => dict.Weight;

    public override int Depth => dict.Depth + 1;

    public override int? Length => dict.Length;

    public override IEnumerable<Value> Items(Run run)
    {
        foreach ((Value key, Value value) in dict.Entries)
            yield return kind switch { DictViewKind.Keys => key, DictViewKind.Values => value, _ => new TupleValue(key, value) };
    }

    public override void Repr(ReprWriter writer)
    {
        writer.Raw(TypeName).Raw("(");
        if (kind == DictViewKind.Items) writer.Pairs("[", dict.Entries, "]", "(", ", ", ")");
        else writer.Items("[", kind == DictViewKind.Keys ? dict.Entries.Select(e => e.Key) : dict.Entries.Select(e => e.Value), "]");
        writer.Raw(")");
    }

    public override bool Equals(object? obj) => ReferenceEquals(this, obj)
        || (kind == DictViewKind.Items && obj is DictViewValue { Kind: DictViewKind.Items } other && dict.Equals(other.Dict))
        || (kind == DictViewKind.Keys && obj is DictViewValue { Kind: DictViewKind.Keys } keys && keys.Length == Length && dict.Entries.All(e => keys.Dict.Contains(e.Key)));

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
