using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Quire.Templates;

namespace Quire.Tests.Templates;

/// <summary>Whatever a template does, a render ends with an error in bounded time and memory: never a hang, never a crash.</summary>
public class HostileTemplateTests
{
    private static readonly Dictionary<string, JsonElement> nothing = [];

    // Generous for a shared machine: the point is seconds, not hours.
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Sources => new(
        "{{ range(10**9) | list }}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{% for k in range(100000) %}{{ k }}{% endfor %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10**10 }}",
        "{{ 'x' * (10**9) | length }}",
        "{{ [0] * 10**9 }}",
        "{{ ('a' * 10000000).replace('a', 'b' * 1000000) }}",
        "{{ ('a' * 16000000) in ('b' + 'a' * 30000000 ) }}{{ ('a' * 8000000 + 'b') in ('a' * 30000000) }}",
        "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='x') %}{% for i in range(100000) %}{% set ns.s = ns.s + 'x' * 1000 %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(d={}) %}{% for i in range(100000) %}{% set ns.d = {'a': ns.d} %}{% endfor %}{{ ns.d | tojson }}",
        "{% set ns = namespace(a=1) %}{% set ns.a = ns %}{{ ns }}",
        "{% set ns = namespace(a=[1, 2, 3]) %}{% for i in range(100000) %}{% set ns.a = ns.a | map('string') %}{% endfor %}{{ ns.a | list }}",
        "{{ 2 ** 1000000000 }}",
        "{{ 10 ** (10 ** 10) }}",
        "{{ 7 ** 99999 ** 99 }}",
        "{% set ns = namespace(n=3) %}{% for i in range(100) %}{% set ns.n = ns.n * ns.n %}{% endfor %}{{ ns.n }}",
        "{{ 10 ** 5000 }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro a(n) %}{{ b(n + 1) }}{% endmacro %}{% macro b(n) %}{{ a([n]) }}{% endmacro %}{{ a(1) }}",
        "{% macro m(n) %}{{ m(n - 1) ~ m(n - 1) if n > 0 }}{% endmacro %}{{ m(100) }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
        "{{ 'x'.center(10**10) }}",
        "{{ 'x' | center(10**10) }}",
        "{{ 'x'.ljust(2**31 - 1) }}",
        "{{ '\\t'.expandtabs(10**10) }}",
        "{{ 'x' | indent(10**10, true) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%.1000000000f' % 1.5 }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ '{:.1000000000f}'.format(1.5) }}",
        "{{ '{:01000000000,}'.format(1) }}",
        "{{ {'a': [1]} | tojson(indent=10**10) }}",
        "{{ [1] | batch(10**9, 0) | list }}",
        "{{ [1] | slice(10**9) | list }}",
        "{{ 1 | round(10**9, 'ceil') }}",
        "{{ lipsum(n=10**9) }}",
        "{{ lipsum(n=1, min=10**9) }}",
        "{{ ('a' * 1000000) | map('upper') | join('b' * 1000000) }}",
        "{% for i in range(100000) %}{{ 'x' * 1000000 }}{% endfor %}",
        "{% for i in range(100000) %}{% set x = 'x' * 10000000 %}{% endfor %}",
        "{% filter upper %}{% for i in range(100000) %}{{ 'x' * 100000 }}{% endfor %}{% endfilter %}",
        "{{ '" + new string('9', 100000) + "' | int + 1 }}{{ 1 // 0 }}");

    [Theory, MemberData(nameof(Sources))]
    public void A_hostile_template_ends_with_an_error(string source) => Fails(source);

    public static TheoryData<string, string, string> Nestings => new()
    {
        { "{{ ", "(", " }}" },
        { "{{ ", "[", " }}" },
        { "{{ ", "{'a': ", " }}" },
        { "{{ 1 ", "+ 1 ", "}}" },
        { "{{ 1 ", "~ 1 ", " / 0 }}" },
        { "{{ ", "not ", "x.y }}" },
        { "{{ ", "- ", "1 }}" },
        { "{{ 1", " if 1 else 1", " / 0 }}" },
        { "{{ 1", " if 1", " / 0 }}" },
        { "{{ x", ".a", " }}" },
        { "{{ x", "[0]", " }}" },
        { "{{ x", "()", " }}" },
        { "{{ x", "(x", " }}" },
        { "{{ x", " | upper", ".y.z }}" },
        { "{{ x", " is defined", " }}" },
        { "{{ 1", " ** 1", " / 0 }}" },
        { "{{ 1", " and 1", " / 0 }}" },
        { "{{ 1", " == 1", " < x }}" },
        { "", "{% if true %}", "" },
        { "", "{% for x in [1] %}", "" },
        { "", "{% macro m() %}", "" },
        { "", "{% set x %}", "" },
        { "{% set ", "(", " = 1 %}" },
        { "{% if 0 %}", "{% elif 0 %}", "{% endif %}{{ x.y }}" },
        { "", "{% generation %}", "" },
    };

    [Theory, MemberData(nameof(Nestings))]
    public void Deep_nesting_in_the_source_ends_with_an_error(string before, string nested, string after) =>
        Fails(before + new StringBuilder().Insert(0, nested, 100_000) + after);

    private static void Fails(string source)
    {
        var watch = Stopwatch.StartNew();
        TemplateException error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source, "hostile").Render(nothing));
        Assert.Equal(ErrorKind.InvalidRequest, error.Kind);
        Assert.True(watch.Elapsed < patience, $"took {watch.Elapsed}");
    }

    [Theory]
    [InlineData("{% macro m() %}{{ [(((((((((m() ~ 1) + '') ~ 1) + '') ~ 1) + '') ~ 1) + '') ~ 1)] }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m(v) %}{% if true %}{% for x in [1] %}{% if v == [v] %}{% endif %}{{ m([v]) | upper }}{% endfor %}{% endif %}{% endmacro %}{{ m(1) }}")]
    [InlineData("{% for x in [1] recursive %}{% set y %}{{ loop([x]) }}{% endset %}{{ y }}{% endfor %}")]
    public void Recursion_ends_with_an_error_on_a_small_stack(string source)
    {
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(() => ChatTemplate.Parse(source, "stack").Render(nothing)), 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.IsType<TemplateException>(thrown);
    }

    [Fact]
    public void Many_names_in_one_scope_stay_quick()
    {
        var source = new StringBuilder();
        for (int i = 0; i < 50_000; i++) source.Append($"{{% set a{i} = {i} %}}");
        source.Append("{{ a49999 }}");
        Assert.Equal("49999", ChatTemplate.Parse(source.ToString(), "names").Render(nothing));
    }

    [Theory]
    [InlineData("{{ x.append(1) }}")]
    [InlineData("{{ x['append'](1) }}")]
    [InlineData("{{ (x | attr('append'))(1) }}")]
    [InlineData("{{ ''.__class__.__mro__ }}")]
    [InlineData("{{ ''['__class__']['__mro__'] }}")]
    [InlineData("{{ '{0.__class__.__mro__}'.format(1) }}")]
    [InlineData("{{ {}.update({1: 2}) }}")]
    [InlineData("{{ [x] | map(attribute='__class__.__mro__') | list }}")]
    [InlineData("{% set ns = namespace(__class__=1) %}")]
    [InlineData("{% set ns = namespace() %}{% set ns._x = 1 %}")]
    public void The_sandbox_withholds_what_could_change_a_value_or_leave_the_template(string source)
    {
        var variables = new Dictionary<string, JsonElement> { ["x"] = JsonDocument.Parse("[1]").RootElement };
        TemplateException error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source, "sandbox").Render(variables));
        Assert.Equal(TemplateErrorKind.Security, error.Error);
    }
}
