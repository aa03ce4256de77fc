using Quire.Tensors;

namespace Quire.Formats;

/// <summary>GPTQ (AutoGPTQ, GPTQModel): 2, 3, 4 or 8 bits, with or without act-order. Modules without <c>qweight</c> are plain.</summary>
internal sealed class GptqScheme : QuantizationScheme
{
    private readonly ConfigObject config;
    private readonly int bits, groupSize;
    private readonly bool zerosAreLess;
    private readonly ConfigObject? overrides;

    public GptqScheme(ConfigObject config)
    {
        this.config = config;
        bits = Bits(config);
        groupSize = GroupSizes.Read(config, "group_size");
        zerosAreLess = (config.OptionalString("checkpoint_format") ?? "gptq") switch
        {
            "gptq" => true,
            "gptq_v2" => false,
            string other => throw config.Bad("checkpoint_format", $"is {other}; gptq and gptq_v2 are supported"),
        };
        overrides = config.OptionalObject("dynamic");
    }

    public override string Name => "gptq";

    public override string Description => $"gptq, {bits} bits, {GroupSizes.Text(groupSize)}";

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs)
    {
        if (module.Optional("qweight") is null) return null;
        (int bits, int size) = (this.bits, groupSize);
        foreach (string pattern in overrides?.Names() ?? [])
        {
            bool isSkip = pattern.StartsWith("-:", StringComparison.Ordinal);
            string regex = isSkip || pattern.StartsWith("+:", StringComparison.Ordinal) ? pattern[2..] : pattern;
            if (!ModulePatterns.MatchesRegex(config, "dynamic", regex, module.Name)) continue;
            if (isSkip) return null;
            if (overrides!.OptionalObject(pattern) is { } other)
            {
                if (other.Has("bits")) bits = Bits(other);
                if (other.Has("group_size")) size = GroupSizes.Read(other, "group_size");
            }
            break;
        }
        return GptqRows.Open(module, bits, GroupSizes.Of(size, inputs), zerosAreLess, outputs, inputs);
    }

    private static int Bits(ConfigObject config) => config.Int("bits") is 2 or 3 or 4 or 8
        ? config.Int("bits")
        : throw config.Bad("bits", $"is {config.Int("bits")}; 2, 3, 4 and 8 are supported");
}
