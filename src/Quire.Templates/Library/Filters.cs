using System.Collections.Frozen;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

internal delegate Value Filter(Run run, Value value, Arguments arguments);

/// <summary>All filters by name.</summary>
internal static class Filters
{
    private static readonly FrozenDictionary<string, Filter> all = Table();

    public static Filter? Find(string name) => all.GetValueOrDefault(name);

    private static FrozenDictionary<string, Filter> Table()
    {
        var table = new FilterTable();
        TextFilters.Register(table);
        MarkupFilters.Register(table);
        NumberFilters.Register(table);
        ListFilters.Register(table);
        SelectionFilters.Register(table);
        ValueFilters.Register(table);
        return table.Freeze();
    }
}

/// <summary>Filters as they are registered: a name, parameters as in Python, a body.</summary>
internal sealed class FilterTable
{
    private readonly Dictionary<string, Filter> filters = new(StringComparer.Ordinal);

    public void Add(string name, string parameters, Func<Run, Value, Value?[], Value> body)
    {
        var signature = new Signature(parameters);
        filters[name] = (run, value, arguments) => body(run, value, signature.Bind(name, arguments));
    }

    /// <summary>A filter that takes its arguments as they come.</summary>
    public void AddFree(string name, Filter body) => filters[name] = body;

    public void Alias(string name, string original) => filters[name] = filters[original];

    public FrozenDictionary<string, Filter> Freeze() => filters.ToFrozenDictionary(StringComparer.Ordinal);
}
