using Quire.Templates.Library;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Nodes;

/// <summary><c>input | name(arguments)</c>. An unknown filter in a branch is an error only when the branch is taken.</summary>
internal sealed class FilterNode(string name, Expression input, ArgumentList arguments) : Expression([input, .. arguments.Children])
{
    private readonly Filter? filter = Filters.Find(name);

    public override bool IsConstant => base.IsConstant && !SelectionFilters.Names.Contains(name);

    public override Value Evaluate(Run run, Scope scope)
    {
        if (filter is null) throw Errors.Runtime($"No filter named '{name}' found.");
        Value value = input.Evaluate(run, scope);
        return filter(run, value, arguments.Evaluate(run, scope));
    }
}

/// <summary><c>input is name(arguments)</c>.</summary>
internal sealed class TestNode(string name, Expression input, ArgumentList arguments) : Expression([input, .. arguments.Children])
{
    private readonly Test? test = Tests.Find(name);

    public override Value Evaluate(Run run, Scope scope)
    {
        if (test is null) throw Errors.Runtime($"No test named '{name}' found.");
        Value value = input.Evaluate(run, scope);
        return Value.Of(test(run, value, arguments.Evaluate(run, scope)));
    }
}
