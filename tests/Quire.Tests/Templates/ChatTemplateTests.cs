using System.Diagnostics;
using System.Text.Json;
using Quire.Templates;

namespace Quire.Tests.Templates;

public class ChatTemplateTests
{
    private const string Simple = "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content | trim }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}";

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static string Render(string source, string variables = "{}") =>
        ChatTemplate.Parse(source, "test").Render(Json(variables).EnumerateObject().ToDictionary(p => p.Name, p => p.Value));

    [Theory]
    [InlineData("{{ a b }}", 1)]
    [InlineData("line one\n{{ 'x' }}\n{% if a %}\n{% unknown %}", 4)]
    [InlineData("{# a\n comment #}\n{{ a | nosuchfilter }}", 3)]
    [InlineData("{% if a %}\n\n{{ a", 3)]
    [InlineData("{{ a\n  ~\n  @ }}", 3)]
    [InlineData("\r\n\r\n{{ }}", 3)]
    public void A_syntax_error_names_its_line(string source, int line)
    {
        TemplateException error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source, "file.jinja"));
        Assert.Equal(TemplateErrorKind.Syntax, error.Error);
        Assert.Equal(line, error.Line);
        Assert.StartsWith($"chat template file.jinja, line {line}: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n\n{{ x.y.z }}", TemplateErrorKind.Undefined, 3)]
    [InlineData("{% if true %}\n{{ 1 + 'a' }}{% endif %}", TemplateErrorKind.Runtime, 2)]
    [InlineData("{% macro m() %}\n{{ 1 // 0 }}\n{% endmacro %}\n{{ m() }}", TemplateErrorKind.Runtime, 2)]
    [InlineData("{% macro m() %}\nx\n{% endmacro %}\n{{ m() ~ y.z }}", TemplateErrorKind.Undefined, 4)]
    public void A_failed_render_names_its_line(string source, TemplateErrorKind kind, int line)
    {
        TemplateException error = Assert.Throws<TemplateException>(() => Render(source));
        Assert.Equal((kind, line), (error.Error, error.Line));
    }

    [Fact]
    public void What_a_template_raises_is_passed_on_word_for_word()
    {
        TemplateException error = Assert.Throws<TemplateException>(() => Render("{{ raise_exception('Roles must <alternate>: ' ~ [1, 'a']) }}"));
        Assert.Equal(TemplateErrorKind.Raised, error.Error);
        Assert.Equal("Roles must <alternate>: [1, 'a']", error.Message);
    }

    [Fact]
    public void One_template_renders_in_many_threads_at_once()
    {
        ChatTemplate template = ChatTemplate.Parse("{% set ns = namespace(t='') %}{% macro show(x) %}[{{ x }}{{ caller() }}]{% endmacro %}{% for m in messages %}{% set ns.t = ns.t ~ m.content %}"
            + "{% call show(loop.index) %}{{ ns.t }}{% endcall %}{% endfor %}{{ [3, 1, 2] | sort | map('string') | join(joiner('-')()) }}", "threads");
        string Expect(int i) => $"[1a{i}][2a{i}b{i}]123";
        Parallel.For(0, 2000, i =>
        {
            var context = new TemplateContext { Messages = Json($$"""[{"content": "a{{i}}"}, {"content": "b{{i}}"}]""") };
            Assert.Equal(Expect(i), template.Render(context));
        });
    }

    [Fact]
    public void A_condition_of_a_loop_sees_what_earlier_rounds_wrote() =>
        Assert.Equal("12", Render("{% set ns = namespace(stop=false) %}{% for i in [1, 2, 3, 4] if not ns.stop %}{{ i }}{% if i == 2 %}{% set ns.stop = true %}{% endif %}{% endfor %}"));

    [Fact]
    public void Indices_count_code_points() =>
        Assert.Equal("3|👩|b|b👩a|1|👩", Render("{{ s | length }}|{{ s[1] }}|{{ s[-1] }}|{{ s[::-1] }}|{{ s.find('👩') }}|{{ s[1:2] }}", """{"s": "a👩b"}"""));

    [Fact]
    public void Tools_and_documents_are_none_when_absent() =>
        Assert.Equal("True True", ChatTemplate.Parse("{{ tools is none }} {{ documents is none }}", "t").Render(new TemplateContext { Messages = Json("[]") }));

    [Theory]
    [InlineData("""[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Sure, "}]""", "<|user|>\nhi<|end|>\n<|assistant|>\nSure,")]
    [InlineData("""[{"role": "assistant", "content": "A"}]""", "<|assistant|>\nA")]
    public void A_final_message_is_continued_where_the_template_ends_it(string messages, string expected) =>
        Assert.Equal(expected, ChatTemplate.Parse(Simple, "t").Render(new TemplateContext { Messages = Json(messages), ContinueFinalMessage = true }));

    [Theory]
    [InlineData(Simple, "[]")]
    [InlineData(Simple, """[{"role": "assistant", "tool_calls": []}]""")]
    [InlineData("{{ messages[0].role }}", """[{"role": "assistant", "content": "x"}]""")]
    [InlineData("{{ messages[0].role }}{# content #}", """[{"role": "assistant", "content": "x"}]""")]
    public void A_final_message_that_cannot_be_continued_is_an_error(string source, string messages)
    {
        TemplateException error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source, "t").Render(new TemplateContext { Messages = Json(messages), ContinueFinalMessage = true }));
        Assert.Equal(TemplateErrorKind.ContinueFinalMessage, error.Error);
    }

    [Fact]
    public void A_chat_of_ten_messages_renders_in_well_under_a_millisecond()
    {
        ChatTemplate template = ChatTemplate.Parse(Simple, "t");
        var context = new TemplateContext
        {
            Messages = Json("[" + string.Join(',', Enumerable.Range(0, 10).Select(i => $$"""{"role": "{{(i % 2 == 0 ? "user" : "assistant")}}", "content": " message {{i}} "}""")) + "]"),
            AddGenerationPrompt = true,
        };
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < 2000; i++)
        {
            var watch = Stopwatch.StartNew();
            template.Render(context);
            best = watch.Elapsed < best ? watch.Elapsed : best;
        }
        Assert.True(best < TimeSpan.FromMilliseconds(0.5), $"took {best.TotalMilliseconds} ms");
    }
}
