using System.CommandLine;

namespace Quire.Cli;

/// <summary>quire bench: measures a running server.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var command = new Command("bench", "Measure.");
        command.Subcommands.Add(Serve());
        command.Subcommands.Add(LimitsCommand.Create());
        command.Subcommands.Add(KernelsCommand.Create());
        command.Subcommands.Add(ModelCommand.CreateBench());
        command.Subcommands.Add(ModelCommand.CreateMake());
        command.Subcommands.Add(LoraCommand.Create());
        command.Subcommands.Add(HostCommand.Create());
        return command;
    }

    private static Command Serve()
    {
        var url = new Option<string>("--base-url") { Description = "Server.", DefaultValueFactory = _ => "http://127.0.0.1:8000" };
        var concurrency = new Option<int[]>("--max-concurrency") { Description = "Clients at once; several are measured one after the other.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 32] };
        var prompts = new Option<int>("--num-prompts") { Description = "Requests at each concurrency, at least one per client.", DefaultValueFactory = _ => 32 };
        var input = new Option<int>("--random-input-len") { Description = "Words of a prompt.", DefaultValueFactory = _ => 100 };
        var output = new Option<int>("--random-output-len") { Description = "Tokens of an answer.", DefaultValueFactory = _ => 64 };
        var prefix = new Option<int>("--random-prefix-len") { Description = "Words that all prompts begin with.", DefaultValueFactory = _ => 0 };
        var check = new Option<bool>("--check") { Description = "Ask every prompt alone too, and compare the answers." };
        var command = new Command("serve", "Throughput and latency of an OpenAI-compatible server on /v1/completions.");
        foreach (Option option in (Option[])[url, concurrency, prompts, input, output, prefix, check]) command.Options.Add(option);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new CompletionsClient(new Uri(parsed.GetValue(url)!));
            string[] texts = RandomPrompts.Make(parsed.GetValue(prompts), parsed.GetValue(prefix), parsed.GetValue(input));
            await client.Complete(texts[0] + " warm", 8, "warm", cancellation);
            string[]? alone = null;
            if (parsed.GetValue(check))
            {
                alone = new string[texts.Length];
                for (int i = 0; i < texts.Length; i++) alone[i] = (await client.Complete(texts[i], parsed.GetValue(output), "alone", cancellation)).Text;
            }
            Console.WriteLine("clients  requests  output tok/s  TTFT p50 / p99 ms  ITL p50 / p99 ms  equal to alone");
            foreach (int clients in parsed.GetValue(concurrency)!)
                Console.WriteLine(await Measurement.Run(client, texts, clients, parsed.GetValue(output), alone, cancellation));
            return 0;
        });
        return command;
    }
}
