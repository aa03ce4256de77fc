using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>The one thing a template can write to from inside a loop.</summary>
internal sealed class NamespaceValue : Value
{
    private readonly OrderedDictionary<string, Value> members = new(StringComparer.Ordinal);

    public override string TypeName => "Namespace";

    public void Set(string name, Value value)
    {
        if (name.StartsWith('_')) throw Errors.Security($"a namespace cannot hold '{name}': names that start with an underscore are refused.");
        members[name] = value;
    }

    public override Value? Attribute(string name) => members.GetValueOrDefault(name);

    public override void Repr(ReprWriter writer) =>
        writer.Raw("<Namespace ").Pairs("{", members.Select(m => KeyValuePair.Create(Of(m.Key), m.Value)), "}").Raw(">");

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
