using Quire.Tensors;

namespace Quire.Formats;

/// <summary>gpt-oss: experts in MXFP4, which their layer finds as <c>_blocks</c> and <c>_scales</c>; all other modules are plain.</summary>
internal sealed class Mxfp4Scheme : QuantizationScheme
{
    public override string Name => "mxfp4";

    public override string Description => "mxfp4, groups of 32";

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs) => null;
}
