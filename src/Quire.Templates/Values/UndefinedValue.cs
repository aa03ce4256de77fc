using System.Diagnostics.CodeAnalysis;
using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>What an unknown name, attribute or item gives: prints as nothing, is false and empty; anything more is an error that says what is missing.</summary>
internal sealed class UndefinedValue : Value
{
    private readonly string message;
    private readonly TemplateErrorKind kind;

    private UndefinedValue(string message, TemplateErrorKind kind = TemplateErrorKind.Undefined)
    {
        this.message = message;
        this.kind = kind;
    }

    public static UndefinedValue Name(string name) => new($"'{name}' is undefined");

    public static UndefinedValue Because(string hint) => new(hint);

    public static UndefinedValue Withheld(Value owner, string name) =>
        new($"access to attribute '{name}' of '{owner.TypeName}' object is unsafe.", TemplateErrorKind.Security);

    public static UndefinedValue Member(Value owner, string name) => new($"{PyRepr.Of(Describe(owner))} has no attribute {PyRepr.Of(name)}");

    public static UndefinedValue Member(Run run, Value owner, Value key) =>
        key is StrValue name ? Member(owner, name.Content) : new($"{Describe(owner)} has no element {PyRepr.Of(run, key)}");

    private static string Describe(Value owner) => owner is NoneValue ? "None" : owner.TypeName + " object";

    public override string TypeName => "Undefined";

    public override bool IsUndefined => true;

    public override bool IsTrue => false;

    // To Python it is: the class has __call__, which raises.
    public override bool IsCallable => true;

    public override int? Length => 0;

    public override void Repr(ReprWriter writer) => writer.Raw("Undefined");

    public override string Text(Run run) => "";

    public override IEnumerable<Value> Items(Run run) => [];

    public override Value? Item(Value key) => Fail<Value>();

    // Python looks up dunder names on every object; not finding them is how it learns what an object can do.
    public override Value? Attribute(string name) => name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) ? null : Fail<Value>();

    public override Value Call(Run run, Arguments arguments) => Fail<Value>();

    [DoesNotReturn]
    public T Fail<T>() => throw new TemplateException(kind, message);

    public override bool Equals(object? obj) => obj is UndefinedValue;

    public override int GetHashCode() => 0;
}
