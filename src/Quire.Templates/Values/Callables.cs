using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>What a call passes: values by place, then values by name.</summary>
internal readonly record struct Arguments(Value[] Positional, KeyValuePair<string, Value>[] Named)
{
    public static Arguments None { get; } = new([], []);

    public static Arguments Of(params Value[] positional) => new(positional, []);

    public Arguments Skip(int count) => new(Positional[count..], Named);

    public Value? ByName(string name)
    {
        foreach ((string key, Value value) in Named)
            if (key == name) return value;
        return null;
    }
}

/// <summary>The parameters of a built-in function, written as in Python: <c>"old, new, count="</c>; "=" marks those that may be left out.</summary>
internal sealed class Signature
{
    private readonly string[] names;
    private readonly int required;

    public Signature(string parameters)
    {
        string[] parts = parameters.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        names = [.. parts.Select(part => part.TrimEnd('='))];
        required = parts.Count(part => !part.EndsWith('='));
    }

    public static Signature None { get; } = new("");

    /// <summary>The arguments by parameter; null where one was left out.</summary>
    public Value?[] Bind(string function, Arguments arguments)
    {
        if (arguments.Positional.Length > names.Length)
            throw Errors.Runtime($"{function}() takes {(required == names.Length ? "exactly" : "at most")} {names.Length} arguments ({arguments.Positional.Length} given)");
        var bound = new Value?[names.Length];
        arguments.Positional.CopyTo(bound, 0);
        foreach ((string name, Value value) in arguments.Named)
        {
            int at = Array.IndexOf(names, name);
            if (at < 0) throw Errors.Runtime($"{function}() got an unexpected keyword argument '{name}'");
            if (bound[at] is not null) throw Errors.Runtime($"{function}() got multiple values for argument '{name}'");
            bound[at] = value;
        }
        for (int i = 0; i < required; i++)
            if (bound[i] is null) throw Errors.Runtime($"{function}() missing 1 required positional argument: '{names[i]}'");
        return bound;
    }
}

/// <summary>A built-in function, or a method bound to its object.</summary>
internal sealed class NativeFunction : Value
{
    private readonly string name;
    private readonly Func<Run, Arguments, Value> body;

    public NativeFunction(string name, Func<Run, Arguments, Value> body)
    {
        this.name = name;
        this.body = body;
    }

    public NativeFunction(string name, Signature signature, Func<Run, Value?[], Value> body)
        : this(name, (run, arguments) => body(run, signature.Bind(name, arguments))) { }

    /// <summary>Attributes of a type that is called like a function (<c>dict.fromkeys</c>).</summary>
    public IReadOnlyDictionary<string, Value>? Members { get; init; }

    public override string TypeName => "builtin_function_or_method";

    public override bool IsCallable => true;

    public override void Repr(ReprWriter writer) => writer.Raw($"<built-in function {name}>");

    public override Value? Attribute(string name) => Members?.GetValueOrDefault(name);

    public override Value Call(Run run, Arguments arguments) => body(run, arguments);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
