using Quire.Tensors;

namespace Quire.Formats;

/// <summary>AWQ (AutoAWQ, GEMM layout): 4 bits, asymmetric, groups of inputs. Modules without <c>qweight</c> are plain.</summary>
internal sealed class AwqScheme : QuantizationScheme
{
    private readonly int groupSize;

    public AwqScheme(ConfigObject config)
    {
        int bits = config.OptionalInt("bits") ?? config.Int("w_bit");
        if (bits != 4) throw config.Bad("bits", $"is {bits}; AWQ of 4 bits is supported");
        if (config.OptionalString("version") is { } version && !version.Equals("gemm", StringComparison.OrdinalIgnoreCase))
            throw config.Bad("version", $"is {version}; the gemm layout is supported");
        if (config.OptionalBool("zero_point") == false) throw config.Bad("zero_point", "is false; AWQ checkpoints with zero points are supported");
        groupSize = GroupSizes.Read(config, config.Has("group_size") ? "group_size" : "q_group_size");
    }

    public override string Name => "awq";

    public override string Description => $"awq, 4 bits, {GroupSizes.Text(groupSize)}";

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs) =>
        module.Optional("qweight") is null ? null : AwqRows.Open(module, GroupSizes.Of(groupSize, inputs), outputs, inputs);
}
