using System.Text.Json;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>One of compressed-tensors' <c>config_groups</c>.</summary>
internal sealed class CompressedTensorsGroup
{
    private readonly string format;
    private readonly int bits, groupSize;
    private readonly bool isSymmetric, isFloat;
    private readonly (int Rows, int Columns)? block;
    private readonly ConfigObject? inputs;

    /// <param name="format">Of groups that name none.</param>
    public CompressedTensorsGroup(ConfigObject config, string? format)
    {
        Targets = config.OptionalStrings("targets") ?? throw config.Bad("targets", "is missing");
        ConfigObject weights = config.OptionalObject("weights") ?? throw config.Bad("weights", "is missing; groups quantise weights");
        this.format = config.OptionalString("format") ?? format ?? throw config.Bad("format", "is missing");
        bits = weights.Int("num_bits");
        isSymmetric = weights.OptionalBool("symmetric") ?? true;
        string type = weights.OptionalString("type") ?? "int", strategy = weights.OptionalString("strategy") ?? "tensor";
        isFloat = type == "float";
        groupSize = strategy is "group" or "tensor_group" ? weights.Int("group_size", 1) : -1;
        if (strategy == "block")
        {
            IReadOnlyList<int> size = weights.Ints("block_structure", 1);
            block = size.Count == 2 ? (size[0], size[1]) : throw weights.Bad("block_structure", "has not two numbers");
        }
        inputs = config.OptionalObject("input_activations");
        if (config.OptionalObject("output_activations") is not null) throw config.Bad("output_activations", "is set; outputs stay as they are");
        bool isKnown = (this.format, type) switch
        {
            ("pack-quantized", "int") => bits is 4 or 8 && strategy is "group" or "channel",
            ("int-quantized" or "naive-quantized", "int") => bits == 8 && isSymmetric && strategy is "tensor" or "channel",
            ("float-quantized" or "naive-quantized", "float") => bits == 8 && isSymmetric && strategy is "tensor" or "channel" or "block",
            ("nvfp4-pack-quantized", "float") => bits == 4 && isSymmetric && strategy == "tensor_group" && groupSize == 16,
            _ => false,
        };
        if (!isKnown)
        {
            throw config.Bad("weights", $"are {this.format} of {bits} bits, {type}, {(isSymmetric ? "symmetric" : "asymmetric")}, by {strategy}; pack-quantized int4 and int8, "
                + "int-quantized int8, float-quantized float8 and nvfp4-pack-quantized are supported");
        }
        _ = Activations(1);
    }

    /// <summary>Names of modules, <c>re:</c> patterns, or the class <c>Linear</c>.</summary>
    public IReadOnlyList<string> Targets { get; }

    public string Description => format switch
    {
        "pack-quantized" => $"int{bits} weights, {GroupSizes.Text(groupSize)}",
        "nvfp4-pack-quantized" => inputs is null ? "NVFP4 weights" : "NVFP4",
        _ => $"{(isFloat ? "float8" : "int8")} weights{(inputs is null ? "" : " and activations")}",
    };

    public bool RoundsInputsToInt8 => Activations(1)?.Format == ActivationFormat.Int8;

    public IWeightRows? Open(ModuleTensors module, long outputs, long inputs)
    {
        switch (format)
        {
            case "pack-quantized":
                return module.Optional("weight_packed") is null ? Plain(module) : PackedIntRows.Open(module, bits, GroupSizes.Of(groupSize, inputs), isSymmetric, outputs, inputs, Activations(1));
            case "nvfp4-pack-quantized":
                if (module.Optional("weight_packed") is null) return Plain(module);
                float global = this.inputs is null ? 1 : module.PositiveNumber("input_global_scale", "NVFP4 with quantised activations");
                return Fp4Rows.OpenNvfp4(module, "weight_packed", 1, module.PositiveNumber("weight_global_scale", "NVFP4"), outputs, inputs, Activations(global));
            default:
                DType type = module.Optional("weight")?.ElementType ?? DType.F32;
                if (type is not (DType.I8 or DType.F8E4M3)) return Plain(module);
                float scale = 1;
                int zero = 0;
                if (IsStatic)
                {
                    scale = module.PositiveNumber("input_scale", "a static activation scheme");
                    if (!IsInputSymmetric) zero = (sbyte)module.Get("input_zero_point", "an asymmetric activation scheme", DType.I8, 1).Bytes.AsSpan<byte>()[0];
                }
                return ByteRows.Open(module, type, "weight_scale", block, outputs, inputs, Activations(scale, zero));
        }
    }

    // A target that the file stores as plain numbers; where it has none either, the reader of plain weights says so.
    private static IWeightRows? Plain(ModuleTensors module) => module.Optional("weight_scale") is null
        ? null
        : throw new QuireException(ErrorKind.InvalidRequest, $"{module.Name} has a weight_scale and no weight in the format that its config group names.");

    private bool IsStatic => inputs is not null && inputs.Element("dynamic") is not { ValueKind: JsonValueKind.True or JsonValueKind.String };

    private bool IsInputSymmetric => inputs?.OptionalBool("symmetric") ?? true;

    /// <param name="scale">The static scale, NVFP4's global one.</param>
    private ActivationScheme? Activations(float scale, int zero = 0)
    {
        if (inputs is null) return null;
        int inputBits = inputs.Int("num_bits");
        string type = inputs.OptionalString("type") ?? "int", strategy = inputs.OptionalString("strategy") ?? "tensor";
        return (type, inputBits, strategy, IsStatic) switch
        {
            ("float", 4, "tensor_group", _) when inputs.Int("group_size") == 16 => new ActivationScheme(ActivationFormat.E2M1, scale, GroupSize: 16),
            ("float", 8, "tensor", true) when IsInputSymmetric => new ActivationScheme(ActivationFormat.E4M3, scale),
            ("float", 8, "token", false) when IsInputSymmetric => new ActivationScheme(ActivationFormat.E4M3),
            ("float", 8, "group", false) when IsInputSymmetric => new ActivationScheme(ActivationFormat.E4M3, GroupSize: inputs.Int("group_size", 1)),
            ("int", 8, "tensor", true) => new ActivationScheme(ActivationFormat.Int8, scale, zero),
            ("int", 8, "token", false) => new ActivationScheme(ActivationFormat.Int8, IsSymmetric: IsInputSymmetric),
            _ => throw inputs.Bad("strategy", $"is {strategy} for {(IsStatic ? "static" : "dynamic")} {type}{inputBits}; static int8 and float8 by tensor, dynamic ones by token, float8 by group and NVFP4 are supported"),
        };
    }
}
