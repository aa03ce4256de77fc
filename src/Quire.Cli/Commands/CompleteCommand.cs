using System.CommandLine;
using Quire.Engine;

namespace Quire.Cli;

/// <summary>quire complete: goes on with a text.</summary>
internal static class CompleteCommand
{
    public static Command Create()
    {
        var flags = new ModelFlags();
        var sampling = new SamplingFlags();
        var prompt = new Option<string?>("--prompt", "-p") { Description = "The text to go on with. Default: standard input." };
        var command = new Command("complete", "Go on with a text, in this process.");
        flags.AddTo(command);
        sampling.AddTo(command);
        command.Options.Add(prompt);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using QuireEngine engine = await TextModel.LoadAsync(BuiltInModel.Choose(flags.Model(parsed), "complete"), flags.Options(parsed), "complete");
            string text = parsed.GetValue(prompt) ?? await Console.In.ReadToEndAsync(cancellation);
            var request = new GenerationRequest { Prompt = text, Sampling = sampling.Read(parsed, engine) };
            Console.Write(text);
            await foreach (GenerationChunk chunk in engine.StreamAsync(request, cancellation)) Console.Write(chunk.Text);
            Console.WriteLine();
            return 0;
        });
        return command;
    }
}
