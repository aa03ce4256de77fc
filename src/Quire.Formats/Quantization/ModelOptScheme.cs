using Quire.Tensors;

namespace Quire.Formats;

/// <summary>NVIDIA ModelOpt: NVFP4, or float8 with static scales. Modules whose weight is stored as neither are plain.</summary>
internal sealed class ModelOptScheme : QuantizationScheme
{
    private readonly string algorithm;

    public ModelOptScheme(ConfigObject config)
    {
        algorithm = config.String("quant_algo").ToUpperInvariant();
        if (algorithm is not ("NVFP4" or "FP8")) throw config.Bad("quant_algo", $"is {algorithm}; NVFP4 and FP8 are supported");
        if (algorithm == "NVFP4" && config.OptionalInt("group_size") is { } size && size != 16) throw config.Bad("group_size", $"is {size}; NVFP4 has groups of 16");
        HasFloat8Kv = config.OptionalString("kv_cache_quant_algo") switch
        {
            null => false,
            "FP8" => true,
            string other => throw config.Bad("kv_cache_quant_algo", $"is {other}; FP8 is supported"),
        };
    }

    public override string Name => "modelopt";

    public override string Description => $"modelopt, {algorithm}";

    public override bool HasFloat8Kv { get; }

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs)
    {
        switch (algorithm, module.Optional("weight")?.ElementType)
        {
            case ("NVFP4", DType.U8):
                var activations = new ActivationScheme(ActivationFormat.E2M1, 1 / module.PositiveNumber("input_scale", "NVFP4 of ModelOpt"), GroupSize: 16);
                return Fp4Rows.OpenNvfp4(module, "weight", module.PositiveNumber("weight_scale_2", "NVFP4 of ModelOpt"), 1, outputs, inputs, activations);
            case ("FP8", DType.F8E4M3):
                return ByteRows.Open(module, DType.F8E4M3, "weight_scale", null, outputs, inputs, new ActivationScheme(ActivationFormat.E4M3, module.PositiveNumber("input_scale", "FP8 of ModelOpt")));
            default:
                return null;
        }
    }
}
