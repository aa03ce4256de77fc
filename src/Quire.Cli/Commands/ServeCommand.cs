using System.CommandLine;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Quire.Server;
using Quire.Tensors;

namespace Quire.Cli;

/// <summary>quire serve: the OpenAI-compatible server.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var flags = new ModelFlags();
        var lora = new LoraFlags();
        var host = new Option<string>("--host") { Description = "Address to listen on; the default is reachable from this machine alone.", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--port") { Description = "Port to listen on.", DefaultValueFactory = _ => 8000 };
        var names = new Option<string[]>("--served-model-name") { Description = "Names for the API instead of the model's; the first is what answers say.", AllowMultipleArgumentsPerToken = true };
        var keys = new Option<string[]>("--api-key") { Description = "Keys, one of which requests under /v1 must bear. Also QUIRE_API_KEY or VLLM_API_KEY.", AllowMultipleArgumentsPerToken = true };
        var origins = new Option<string?>("--allowed-origins") { Description = "Origins of browsers, as a JSON list; [\"*\"] is all. Default: none." };
        var maxLogprobs = new Option<int>("--max-logprobs") { Description = "Log probabilities per token that a request may ask for; -1 is no limit.", DefaultValueFactory = _ => 20 };
        var logprobsMode = new Option<string>("--logprobs-mode") { Description = "raw_logprobs, raw_logits, processed_logprobs or processed_logits.", DefaultValueFactory = _ => "raw_logprobs" };
        var shutdown = new Option<int>("--shutdown-timeout") { Description = "Seconds that running requests may go on after a request to stop.", DefaultValueFactory = _ => 30 };
        var requestIds = new Toggle("--enable-request-id-headers", "Answers carry X-Request-Id.", false);
        var details = new Toggle("--enable-prompt-tokens-details", "Usage tells cached prompt tokens.", false);
        var command = new Command("serve", "Serve a model over the OpenAI API.");
        flags.AddTo(command);
        lora.AddTo(command);
        foreach (Option option in (Option[])[host, port, names, keys, origins, maxLogprobs, logprobsMode, shutdown]) command.Options.Add(option);
        requestIds.AddTo(command);
        details.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            string model = BuiltInModel.Choose(flags.Model(parsed), "serve");
            var options = new ServerOptions
            {
                Model = model,
                Engine = lora.Apply(parsed, flags.Options(parsed)),
                Host = parsed.GetValue(host)!,
                Port = parsed.GetValue(port) is >= 0 and <= ushort.MaxValue and var number ? number
                    : throw new QuireException(ErrorKind.InvalidRequest, $"--port must be 0 (any free one) to {ushort.MaxValue}, got {parsed.GetValue(port)}.", param: "port"),
                ServedModelNames = parsed.GetValue(names) ?? [],
                ApiKeys = parsed.GetValue(keys) is { Length: > 0 } given ? given : FromEnvironment(),
                AllowedOrigins = Origins(parsed.GetValue(origins)),
                MaxLogprobs = parsed.GetValue(maxLogprobs),
                LogprobsMode = Mode(parsed.GetValue(logprobsMode)!),
                ShutdownTimeout = TimeSpan.FromSeconds(parsed.GetValue(shutdown)),
                RequestIdHeaders = requestIds.Value(parsed),
                PromptTokensDetails = details.Value(parsed),
            };
            return await Run(options);
        });
        return command;
    }

    private static async Task<int> Run(ServerOptions options)
    {
        await using WebApplication app = QuireServer.Build(options);
        try
        {
            await app.StartAsync();
        }
        catch (IOException e)
        {
            throw new QuireException(ErrorKind.InvalidRequest, $"{options.Host}:{options.Port} cannot be listened on: {e.Message} Choose another --port or --host.", param: "port", inner: e);
        }
        ModelHost model = app.Services.GetRequiredService<ModelHost>();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        try
        {
            await model.Ready;
            Console.WriteLine(model.Current!.Memory.Describe());
            Console.WriteLine($"{model.Names[0]} answers on {address}/v1 ({model.Current.Device})");
        }
        catch (Exception e)
        {
            // Whoever polls meanwhile finds the port closed, not a server that is being taken down.
            await app.StopAsync();
            // What a user can mend is a sentence; all else was logged whole by the host.
            await Console.Error.WriteLineAsync("quire: " + (e is QuireException ? e.Message : "the model could not be loaded; see the log above."));
            return e is QuireException ? 2 : 1;
        }
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static string[] FromEnvironment() =>
        (Environment.GetEnvironmentVariable("QUIRE_API_KEY") ?? Environment.GetEnvironmentVariable("VLLM_API_KEY")) is { Length: > 0 } key ? [key] : [];

    private static string[] Origins(string? json)
    {
        if (json is null) return [];
        try
        {
            using JsonDocument list = JsonDocument.Parse(json);
            return [.. list.RootElement.EnumerateArray().Select(origin => origin.GetString()!)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new QuireException(ErrorKind.InvalidRequest, $"--allowed-origins {json} is no JSON list of strings; [\"*\"] is an example.", param: "allowed-origins");
        }
    }

    private static LogprobsMode Mode(string name) => Enum.TryParse(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out LogprobsMode mode)
        ? mode
        : throw new QuireException(ErrorKind.InvalidRequest, $"--logprobs-mode {name} is unknown; raw_logprobs, raw_logits, processed_logprobs and processed_logits are known.", param: "logprobs-mode");
}
