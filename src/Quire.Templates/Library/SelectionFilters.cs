using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>map, select, reject and their kin: lazy, as in Python.</summary>
internal static class SelectionFilters
{
    /// <summary>Those whose work depends on the render: they look up other filters by name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["map", "select", "reject", "selectattr", "rejectattr"];

    public static void Register(FilterTable table)
    {
        table.AddFree("map", (run, value, arguments) => new IteratorValue(Map(run, value, arguments)));
        table.AddFree("select", (run, value, arguments) => new IteratorValue(Select(run, value, arguments, byAttribute: false, keep: true)));
        table.AddFree("reject", (run, value, arguments) => new IteratorValue(Select(run, value, arguments, byAttribute: false, keep: false)));
        table.AddFree("selectattr", (run, value, arguments) => new IteratorValue(Select(run, value, arguments, byAttribute: true, keep: true)));
        table.AddFree("rejectattr", (run, value, arguments) => new IteratorValue(Select(run, value, arguments, byAttribute: true, keep: false)));
    }

    private static IEnumerable<Value> Map(Run run, Value value, Arguments arguments)
    {
        // The reference asks whether the value is true first, so none gives an empty result.
        if (!value.IsTrue) yield break;
        Func<Value, Value> change = Change(run, arguments);
        foreach (Value item in ListFilters.Items(run, value)) yield return change(item);
    }

    private static Func<Value, Value> Change(Run run, Arguments arguments)
    {
        if (arguments.Positional.Length == 0)
        {
            Value attribute = arguments.ByName("attribute") ?? throw Errors.Runtime("map requires a filter argument");
            if (arguments.Named.FirstOrDefault(n => n.Key is not ("attribute" or "default")).Key is { } unexpected) throw Errors.Runtime($"Unexpected keyword argument '{unexpected}'");
            Value? fallback = arguments.ByName("default");
            return Sorting.Getter(run, attribute, fallback is NoneValue ? null : fallback);
        }
        string name = StringMethods.Text(arguments.Positional[0]);
        Filter filter = Filters.Find(name) ?? throw Errors.Runtime($"No filter named '{name}'.");
        Arguments rest = arguments.Skip(1);
        return item => filter(run, item, rest);
    }

    private static IEnumerable<Value> Select(Run run, Value value, Arguments arguments, bool byAttribute, bool keep)
    {
        if (!value.IsTrue) yield break;
        Func<Value, Value> get = item => item;
        if (byAttribute)
        {
            if (arguments.Positional.Length == 0) throw Errors.Runtime("Missing parameter for attribute name");
            get = Sorting.Getter(run, arguments.Positional[0]);
            arguments = arguments.Skip(1);
        }
        Func<Value, bool> holds = Holds(run, arguments);
        foreach (Value item in ListFilters.Items(run, value))
            if (holds(get(item)) == keep) yield return item;
    }

    private static Func<Value, bool> Holds(Run run, Arguments arguments)
    {
        if (arguments.Positional.Length == 0) return item => item.IsTrue;
        string name = StringMethods.Text(arguments.Positional[0]);
        Test test = Tests.Find(name) ?? throw Errors.Runtime($"No test named '{name}'.");
        Arguments rest = arguments.Skip(1);
        return item => test(run, item, rest);
    }
}
