using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Quire.Cli;

/// <summary>quire chat: a conversation in the terminal.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        var flags = new ModelFlags();
        var sampling = new SamplingFlags();
        var system = new Option<string?>("--system-prompt") { Description = "The first message, in the role of the system." };
        var quick = new Option<string?>("--quick", "-q") { Description = "Ask this, print the answer, end." };
        var command = new Command("chat", "Talk to a model in the terminal, in this process.");
        flags.AddTo(command);
        sampling.AddTo(command);
        command.Options.Add(system);
        command.Options.Add(quick);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using QuireEngine engine = await TextModel.LoadAsync(BuiltInModel.Choose(flags.Model(parsed), "chat"), flags.Options(parsed), "chat");
            var messages = new JsonArray();
            if (parsed.GetValue(system) is { } text) messages.Add((JsonNode)Message("system", text));
            var conversation = new Conversation(engine, messages, sampling.Read(parsed, engine));
            if (parsed.GetValue(quick) is { } question) await conversation.Ask(question, cancellation);
            else await Talk(conversation, cancellation);
            return 0;
        });
        return command;
    }

    private static JsonObject Message(string role, string content) => new JsonObject { ["role"] = role, ["content"] = content };

    private static async Task Talk(Conversation conversation, CancellationToken cancellation)
    {
        AnsiConsole.MarkupLine("[grey]An empty line or Ctrl-D ends the conversation.[/]");
        while (!cancellation.IsCancellationRequested)
        {
            AnsiConsole.Markup("[green]> [/]");
            string? line = Console.ReadLine();
            if (string.IsNullOrWhiteSpace(line)) return;
            await conversation.Ask(line, cancellation);
        }
    }

    private sealed class Conversation(QuireEngine engine, JsonArray messages, Quire.Engine.SamplingParameters sampling)
    {
        public async Task Ask(string question, CancellationToken cancellation)
        {
            messages.Add((JsonNode)Message("user", question));
            string prompt = engine.RenderChat(new ChatRequest { Messages = JsonDocument.Parse(messages.ToJsonString()).RootElement });
            var answer = new StringBuilder();
            await foreach (GenerationChunk chunk in engine.StreamAsync(new GenerationRequest { Prompt = prompt, AddSpecialTokens = false, Sampling = sampling }, cancellation))
            {
                Console.Write(chunk.Text);
                answer.Append(chunk.Text);
            }
            Console.WriteLine();
            messages.Add((JsonNode)Message("assistant", answer.ToString()));
        }
    }
}
