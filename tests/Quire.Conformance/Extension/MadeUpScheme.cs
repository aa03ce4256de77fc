using Quire.Formats;
using Quire.Tensors;

namespace Quire.Conformance.Extension;

/// <summary>A quantisation format that nobody has: bytes that count down from 255, with a scale for each run of inputs. This file and one line of registration are all that it takes.</summary>
public sealed class MadeUpScheme(ConfigObject config) : QuantizationScheme
{
    private readonly int groupSize = config.Int("run", 1);

    public override string Name => "made-up";

    public override string Description => $"made-up, runs of {groupSize}";

    public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs) => module.Optional("countdown") is null ? null : new Rows(module, groupSize, outputs, inputs);

    private sealed class Rows(ModuleTensors module, int groupSize, long outputs, long inputs) : CodedRows(module.Name, outputs, inputs, new CodedLayout(CodeKind.Unsigned8, groupSize, DType.F32))
    {
        private readonly CheckpointTensor bytes = module.Get("countdown", "made-up", DType.U8, outputs, inputs);
        private readonly float[] all = module.Numbers("runs", "made-up", outputs * (inputs / groupSize)).Values;

        public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
        {
            bytes.Bytes.Slice(row * codes.Length, codes.Length).AsSpan<byte>().CopyTo(codes);
            foreach (ref byte code in codes) code = (byte)(255 - code);
            all.AsSpan((int)row * scales.Length, scales.Length).CopyTo(scales);
        }
    }
}
