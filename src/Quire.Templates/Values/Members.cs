using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>Jinja's lookups: <c>a.b</c> tries the attribute, then the item; <c>a['b']</c> the item, then the attribute. The sandbox stands between.</summary>
internal static class Members
{
    // What every Python object has; the sandbox withholds it from all of them.
    private static readonly HashSet<string> special =
    [
        "__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__", "__getstate__", "__gt__", "__hash__", "__init__", "__init_subclass__",
        "__le__", "__lt__", "__ne__", "__new__", "__reduce__", "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__",
    ];

    public static Value Attribute(Value owner, string name)
    {
        if (Withheld(owner, name) is { } withheld) return withheld;
        return owner.Attribute(name) ?? owner.Item(new StrValue(name)) ?? UndefinedValue.Member(owner, name);
    }

    public static Value Item(Run run, Value owner, Value key)
    {
        if (owner is StrValue { IsFlat: false }) run.Charge(owner.Weight);
        if (owner.Item(key) is { } item) return item;
        if (key is StrValue name && (Withheld(owner, name.Content) ?? owner.Attribute(name.Content)) is { } attribute) return attribute;
        return UndefinedValue.Member(run, owner, key);
    }

    /// <summary>The <c>attr</c> filter: attributes alone.</summary>
    public static Value AttributeOnly(Value owner, string name) => Withheld(owner, name) ?? owner.Attribute(name) ?? UndefinedValue.Member(owner, name);

    private static UndefinedValue? Withheld(Value owner, string name) =>
        owner.IsWithheld(name) || (name.StartsWith("__", StringComparison.Ordinal) && special.Contains(name)) ? UndefinedValue.Withheld(owner, name) : null;
}
