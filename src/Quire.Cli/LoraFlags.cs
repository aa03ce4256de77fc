using System.CommandLine;
using System.Text.Json;

namespace Quire.Cli;

/// <summary>The flags of adapters; names and meanings are vLLM's.</summary>
internal sealed class LoraFlags
{
    private readonly Toggle enable = new("--enable-lora", "Serve adapters: requests name them as model, and /v1/load_lora_adapter and /v1/unload_lora_adapter are open.", false);
    private readonly Option<string[]> modules = new("--lora-modules") { Description = "Adapters to load at start: name=folder, or {\"name\": \"...\", \"path\": \"...\"}.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<int> maxLoras = new("--max-loras") { Description = "Different adapters in one step.", DefaultValueFactory = _ => 1 };
    private readonly Option<int> maxRank = new("--max-lora-rank") { Description = "Largest rank of an adapter.", DefaultValueFactory = _ => 16 };
    private readonly Option<int?> maxCpuLoras = new("--max-cpu-loras") { Description = "Adapters kept in memory; those in use always are, others are read again when asked for. Default: --max-loras." };

    public void AddTo(Command command)
    {
        enable.AddTo(command);
        foreach (Option option in (Option[])[modules, maxLoras, maxRank, maxCpuLoras]) command.Options.Add(option);
    }

    public QuireOptions Apply(ParseResult parsed, QuireOptions options)
    {
        bool isEnabled = enable.Value(parsed);
        LoraModuleOption[] loaded = [.. (parsed.GetValue(modules) ?? []).Select(Read)];
        if (!isEnabled && loaded.Length > 0) throw Wrong("lora-modules", "--lora-modules needs --enable-lora.");
        if (loaded.GroupBy(module => module.Name).FirstOrDefault(group => group.Count() > 1) is { } twice) throw Wrong("lora-modules", $"--lora-modules names {twice.Key} twice.");
        int count = AtLeastOne("max-loras", parsed.GetValue(maxLoras));
        int? inMemory = parsed.GetValue(maxCpuLoras);
        if (inMemory < count) throw Wrong("max-cpu-loras", $"--max-cpu-loras {inMemory} is less than --max-loras {count}.");
        return options with { EnableLora = isEnabled, LoraModules = loaded, MaxLoras = count, MaxLoraRank = AtLeastOne("max-lora-rank", parsed.GetValue(maxRank)), MaxCpuLoras = inMemory };
    }

    private static LoraModuleOption Read(string text)
    {
        if (text.StartsWith('{'))
        {
            try
            {
                using JsonDocument json = JsonDocument.Parse(text);
                return new LoraModuleOption(json.RootElement.GetProperty("name").GetString()!, json.RootElement.GetProperty("path").GetString()!);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw Wrong("lora-modules", $"--lora-modules {text} is no JSON object with name and path.");
            }
        }
        int at = text.IndexOf('=', StringComparison.Ordinal);
        return at > 0 && at < text.Length - 1 ? new LoraModuleOption(text[..at], text[(at + 1)..]) : throw Wrong("lora-modules", $"--lora-modules {text} is not name=folder.");
    }

    private static int AtLeastOne(string flag, int value) => value >= 1 ? value : throw Wrong(flag, $"--{flag} must be at least 1, got {value}.");

    private static QuireException Wrong(string flag, string message) => new(ErrorKind.InvalidRequest, message, param: flag);
}
