using Quire.Tensors;

namespace Quire.Formats;

/// <summary>Plain matrices rounded as they are loaded: <c>--quantization fp8</c>, <c>int8</c> or <c>int4</c> of a checkpoint that is not quantised.</summary>
public sealed class RoundingScheme(RoundedFormat format) : QuantizationScheme
{
    public override string Name => format.ToString().ToLowerInvariant();

    public override string Description => $"{Name}, rounded at load";

    public override bool RoundsInputsToInt8 => format == RoundedFormat.Int8;

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs) => null;

    public override IWeightRows Plain(string module, IWeightRows rows) => new RoundedRows(rows, format);
}
