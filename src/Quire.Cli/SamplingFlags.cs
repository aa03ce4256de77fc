using System.CommandLine;
using Quire.Engine;

namespace Quire.Cli;

/// <summary>How the terminal commands choose tokens; what is not given is the model's default.</summary>
internal sealed class SamplingFlags
{
    private readonly Option<float?> temperature = new("--temperature") { Description = "0 is greedy." };
    private readonly Option<float?> topP = new("--top-p") { Description = "In (0, 1]." };
    private readonly Option<int?> topK = new("--top-k") { Description = "0 keeps all." };
    private readonly Option<int?> maxTokens = new("--max-tokens") { Description = "Tokens to generate at most. Default: until the model ends or its context is full." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[temperature, topP, topK, maxTokens]) command.Options.Add(option);
    }

    public SamplingParameters Read(ParseResult parsed, QuireEngine engine)
    {
        SamplingParameters defaults = engine.Defaults.Apply(new SamplingParameters { MaxTokens = engine.MaxModelLength });
        return defaults with
        {
            Temperature = parsed.GetValue(temperature) ?? defaults.Temperature,
            TopP = parsed.GetValue(topP) ?? defaults.TopP,
            TopK = parsed.GetValue(topK) ?? defaults.TopK,
            MaxTokens = parsed.GetValue(maxTokens) ?? defaults.MaxTokens,
        };
    }
}
