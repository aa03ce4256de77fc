using Quire.Tensors;

namespace Quire.Formats;

/// <summary>float8 e4m3 weights with one scale or blocks of scales, and activations rounded to float8 too: statically, by row, or by blocks of a row.
/// Modules whose weight is not stored as float8 are plain.</summary>
internal sealed class Fp8Scheme : QuantizationScheme
{
    private readonly bool isStatic;
    private readonly (int Rows, int Columns)? block;

    public Fp8Scheme(ConfigObject config)
    {
        isStatic = (config.OptionalString("activation_scheme") ?? "dynamic") switch
        {
            "static" => true,
            "dynamic" => false,
            string other => throw config.Bad("activation_scheme", $"is {other}; static and dynamic are supported"),
        };
        if (config.OptionalString("fmt") is { } format && format != "e4m3") throw config.Bad("fmt", $"is {format}; e4m3 is supported");
        if (config.OptionalInts("weight_block_size", 1) is not { } size) return;
        if (size.Count != 2) throw config.Bad("weight_block_size", "has not two numbers");
        if (isStatic) throw config.Bad("activation_scheme", "is static; weights in blocks go with dynamic activations");
        block = (size[0], size[1]);
    }

    public override string Name => "fp8";

    public override string Description => block is { } size ? $"fp8, blocks of {size.Rows} x {size.Columns}, activations by group" : $"fp8, activations {(isStatic ? "static" : "by row")}";

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs)
    {
        if (module.Optional("weight")?.ElementType != DType.F8E4M3) return null;
        var activations = new ActivationScheme(ActivationFormat.E4M3, isStatic ? module.PositiveNumber("input_scale", "a static activation scheme") : 0, GroupSize: block?.Columns ?? 0);
        string scale = module.Optional("weight_scale_inv") is not null ? "weight_scale_inv" : "weight_scale";
        return ByteRows.Open(module, DType.F8E4M3, scale, block, outputs, inputs, activations);
    }
}
