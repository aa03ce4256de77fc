using Quire.Templates.Values;

namespace Quire.Templates.Rendering;

/// <summary>The names one block of a template has set; lookups go on in the blocks around it.</summary>
/// <remarks>A block sets few names, and equal names of one template are one string: comparing references down a short row beats hashing. Long rows get an index.</remarks>
internal sealed class Scope(Scope? parent, IReadOnlyDictionary<string, Value>? variables = null)
{
    private const int RowLength = 16;

    private string[] names = [];
    private Value[] values = [];
    private int count;
    private Dictionary<string, int>? index;

    public Scope? Parent { get; } = parent;

    /// <summary>What the caller of the render passed in, on the outermost scope.</summary>
    private IReadOnlyDictionary<string, Value>? Variables { get; } = variables;

    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope.IndexOf(name) is var at and >= 0) return scope.values[at];
            if (scope.Variables is { } outer && outer.TryGetValue(name, out Value? value)) return value;
        }
        return null;
    }

    public void Set(string name, Value value)
    {
        if (IndexOf(name) is var at and >= 0)
        {
            values[at] = value;
            return;
        }
        if (count == names.Length)
        {
            Array.Resize(ref names, count == 0 ? 4 : count * 2);
            Array.Resize(ref values, names.Length);
        }
        names[count] = name;
        values[count++] = value;
        if (index is not null) index[name] = count - 1;
        else if (count == RowLength) index = Enumerable.Range(0, count).ToDictionary(i => names[i]);
    }

    private int IndexOf(string name)
    {
        if (index is not null) return index.TryGetValue(name, out int at) ? at : -1;
        for (int i = 0; i < count; i++)
            if (ReferenceEquals(names[i], name)) return i;
        return -1;
    }
}
