using Quire.Tensors;

namespace Quire.Formats;

/// <summary>bitsandbytes: nf4 and fp4 with quantised scales or not, and int8 with a scale for each output (its weights alone: activations stay as they are).
/// Modules without settings beside their weight are plain.</summary>
internal sealed class BitsAndBytesScheme : QuantizationScheme
{
    private const string StatePrefix = "weight.quant_state.bitsandbytes__";
    private readonly bool isInt8;

    public BitsAndBytesScheme(ConfigObject config)
    {
        isInt8 = (config.OptionalBool("load_in_8bit") ?? config.OptionalBool("_load_in_8bit")) == true;
        bool is4Bit = (config.OptionalBool("load_in_4bit") ?? config.OptionalBool("_load_in_4bit")) == true;
        if (!isInt8 && !is4Bit) throw config.Bad("load_in_4bit", "and load_in_8bit are both false");
    }

    public override string Name => "bitsandbytes";

    public override string Description => isInt8 ? "bitsandbytes, int8" : "bitsandbytes, 4 bits";

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs)
    {
        if (isInt8) return module.Optional("SCB") is null ? null : ByteRows.Open(module, DType.I8, "SCB", null, outputs, inputs, null, divisor: 127);
        foreach (string type in (string[])["nf4", "fp4"])
            if (module.Optional(StatePrefix + type) is not null) return BitsAndBytesRows.Open(module, StatePrefix + type, outputs, inputs);
        return null;
    }
}
