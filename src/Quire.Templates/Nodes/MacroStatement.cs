using Quire.Templates.Rendering;
using Quire.Templates.Syntax;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

/// <summary>A macro or the body of a call block, as written.</summary>
/// <param name="Name">Null for the body of a call block.</param>
/// <param name="Defaults">For the last parameters, one each.</param>
internal sealed record MacroDefinition(string? Name, string[] Parameters, Expression[] Defaults, Body Body, bool UsesVarArgs, bool UsesKwArgs, bool UsesCaller);

internal sealed class MacroStatement(int line, MacroDefinition definition) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        scope.Set(definition.Name!, new MacroValue(definition, scope));
        return Flow.Next;
    }
}

internal sealed class CallStatement(int line, CallNode call, MacroDefinition caller) : Statement(line)
{
    protected override Flow Perform(Run run, Scope scope)
    {
        run.Write(call.Evaluate(run, scope, new MacroValue(caller, scope)).Text(run));
        return Flow.Next;
    }
}

/// <summary>A macro with the scope it was defined in.</summary>
internal sealed class MacroValue(MacroDefinition macro, Scope closure) : Value
{
    public override string TypeName => "Macro";

    public override bool IsCallable => true;

    private string Title => macro.Name is null ? "None" : $"'{macro.Name}'";

    public override Value? Attribute(string name) => name switch
    {
        "name" => macro.Name is null ? NoneValue.Instance : Of(macro.Name),
        "arguments" => new TupleValue([.. macro.Parameters.Select(Of)]),
        "catch_kwargs" => Of(macro.UsesKwArgs),
        "catch_varargs" => Of(macro.UsesVarArgs),
        "caller" => Of(macro.UsesCaller),
        _ => null,
    };

    public override Value Call(Run run, Arguments arguments)
    {
        run.EnterCall();
        int line = run.Line;
        var scope = new Scope(closure);
        BindParameters(run, scope, arguments);
        BindRest(scope, arguments);
        StrValue text = macro.Body.Capture(run, scope);
        run.Line = line;
        run.LeaveCall();
        return text;
    }

    private void BindParameters(Run run, Scope scope, Arguments arguments)
    {
        string[] parameters = macro.Parameters;
        int firstDefault = parameters.Length - macro.Defaults.Length;
        for (int i = 0; i < parameters.Length; i++)
        {
            Value? value = i < arguments.Positional.Length ? arguments.Positional[i] : arguments.ByName(parameters[i]);
            value ??= i >= firstDefault ? macro.Defaults[i - firstDefault].Evaluate(run, scope) : UndefinedValue.Because($"parameter '{parameters[i]}' was not provided");
            scope.Set(parameters[i], value);
        }
    }

    private void BindRest(Scope scope, Arguments arguments)
    {
        string[] parameters = macro.Parameters;
        if (macro.UsesCaller) scope.Set(ImplicitNames.Caller, arguments.ByName(ImplicitNames.Caller) ?? UndefinedValue.Because("No caller defined"));
        if (arguments.Positional.Length > parameters.Length && !macro.UsesVarArgs)
            throw Errors.Runtime($"macro {Title} takes not more than {parameters.Length} argument(s)");
        if (macro.UsesVarArgs) scope.Set(ImplicitNames.VarArgs, new TupleValue([.. arguments.Positional.Skip(parameters.Length)]));

        DictValue? others = macro.UsesKwArgs ? new DictValue() : null;
        foreach ((string name, Value value) in arguments.Named)
        {
            int at = Array.IndexOf(parameters, name);
            if (at >= 0 && at < arguments.Positional.Length) throw Errors.Runtime($"macro {Title} got multiple values for argument '{name}'");
            if (at >= 0 || (macro.UsesCaller && name == ImplicitNames.Caller)) continue;
            if (others is null) throw Errors.Runtime($"macro {Title} takes no keyword argument '{name}'");
            others.Put(Of(name), value);
        }
        if (others is not null) scope.Set(ImplicitNames.KwArgs, others);
    }

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
