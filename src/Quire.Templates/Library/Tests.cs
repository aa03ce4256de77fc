using System.Collections.Frozen;
using Quire.Templates.Nodes;
using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

internal delegate bool Test(Run run, Value value, Arguments arguments);

/// <summary>What may follow <c>is</c>.</summary>
internal static class Tests
{
    private static readonly FrozenDictionary<string, Test> all = Table();

    public static Test? Find(string name) => all.GetValueOrDefault(name);

    private static FrozenDictionary<string, Test> Table()
    {
        var table = new Dictionary<string, Test>(StringComparer.Ordinal);
        void Is(string name, Func<Value, bool> holds) => Add(name, Signature.None, (_, value, _) => holds(value));
        void Add(string name, Signature signature, Func<Run, Value, Value?[], bool> holds) =>
            table[name] = (run, value, arguments) => holds(run, value, signature.Bind(name, arguments));
        void Compare(string op, params string[] names)
        {
            foreach (string name in names.Append(op)) Add(name, new Signature("other"), (run, value, a) => CompareNode.Holds(run, op, value, a[0]!));
        }

        Is("defined", value => !value.IsUndefined);
        Is("undefined", value => value.IsUndefined);
        Is("none", value => value is NoneValue);
        Is("boolean", value => value is BoolValue);
        Is("true", value => value == BoolValue.True);
        Is("false", value => value == BoolValue.False);
        Is("integer", value => value is IntValue and not BoolValue);
        Is("float", value => value is FloatValue);
        Is("number", value => value is NumberValue);
        Is("string", value => value is StrValue);
        Is("mapping", value => value is DictValue);
        Is("sequence", value => value is StrValue or SequenceValue or DictValue or RangeValue or BytesValue or UndefinedValue);
        Is("callable", value => value.IsCallable);
        Is("escaped", value => value is StrValue { IsMarkup: true });
        Add("iterable", Signature.None, (run, value, _) => value.Items(run) is not null || value is LoopValue);
        Add("lower", Signature.None, (run, value, _) => Casing.IsLower(value.Text(run)));
        Add("upper", Signature.None, (run, value, _) => Casing.IsUpper(value.Text(run)));

        Add("odd", Signature.None, (run, value, _) => Operators.Modulo(run, value, Value.Of(2)).Equals(Value.Of(1)));
        Add("even", Signature.None, (run, value, _) => Operators.Modulo(run, value, Value.Of(2)).Equals(Value.Of(0)));
        Add("divisibleby", new Signature("num"), (run, value, a) => Operators.Modulo(run, value, a[0]!).Equals(Value.Of(0)));
        Add("sameas", new Signature("other"), (_, value, a) => AreSame(value, a[0]!));
        Add("filter", Signature.None, (_, value, _) => value is StrValue name && Filters.Find(name.Content) is not null);
        Add("test", Signature.None, (_, value, _) => value is StrValue name && Find(name.Content) is not null);

        Compare("==", "eq", "equalto");
        Compare("!=", "ne");
        Compare(">", "gt", "greaterthan");
        Compare(">=", "ge");
        Compare("<", "lt", "lessthan");
        Compare("<=", "le");
        Compare("in");
        return table.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Python's <c>is</c>, as far as values that cannot be told apart are the same object there too.</summary>
    private static bool AreSame(Value left, Value right) =>
        ReferenceEquals(left, right) || (left.GetType() == right.GetType() && left is IntValue or StrValue && left is not BoolValue && left.Equals(right));
}
