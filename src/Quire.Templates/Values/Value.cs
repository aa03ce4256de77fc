using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>A value of the template language, with the semantics of the Python type it stands for. Immutable, except for namespaces and the state of iterators.</summary>
/// <remarks><see cref="object.Equals(object)"/> and <see cref="object.GetHashCode"/> are Python's <c>==</c> and <c>hash</c>: 1, 1.0 and True are equal.</remarks>
internal abstract class Value
{
    /// <summary>Python's name of the type, for error messages.</summary>
    public abstract string TypeName { get; }

    public virtual bool IsTrue => true;

    /// <summary>How many values hang on this one, shared ones counted each time: what looking at all of it costs.</summary>
    public virtual long Weight => 1;

    /// <summary>How deeply lists and dicts nest inside this one.</summary>
    public virtual int Depth => 0;

    /// <summary>False for lists and dicts, which cannot be keys.</summary>
    public virtual bool IsHashable => true;

    /// <summary>Python's <c>len</c>, or null where the type has none.</summary>
    public virtual int? Length => null;

    public virtual void Repr(ReprWriter writer) => writer.Raw($"<{TypeName} object>");

    public virtual string Text(Run run) => PyRepr.Of(run, this);

    /// <summary>The items, or null where the type cannot be iterated.</summary>
    public virtual IEnumerable<Value>? Items(Run run) => null;

    /// <summary>Python's <c>obj[key]</c>, or null where it raises a type or lookup error.</summary>
    public virtual Value? Item(Value key) => null;

    /// <summary>Python's <c>getattr</c>, or null where the attribute does not exist. Attributes the sandbox withholds are not found here.</summary>
    public virtual Value? Attribute(string name) => null;

    /// <summary>Whether the sandbox withholds an attribute that Python has: what changes a list or dict.</summary>
    public virtual bool IsWithheld(string name) => false;

    public virtual Value Call(Run run, Arguments arguments) => throw Errors.Runtime($"'{TypeName}' object is not callable");

    public virtual bool IsCallable => false;

    public virtual bool IsUndefined => false;

    public IEnumerable<Value> RequireItems(Run run) => Items(run) ?? throw Errors.Runtime($"'{TypeName}' object is not iterable");

    public static Value Of(bool value) => value ? BoolValue.True : BoolValue.False;

    public static Value Of(string text) => new StrValue(text);

    public static Value Of(int value) => IntValue.Of(value);

    public static Value Of(double value) => new FloatValue(value);
}
