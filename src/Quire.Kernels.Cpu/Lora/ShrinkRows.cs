using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>An adapter's A, [rank, inputs], row by row: ranks are too small for tiles of 16 outputs, which would be half zeros. Rows end in zeros up to a whole vector of 16.</summary>
internal sealed unsafe class ShrinkRows : IDisposable
{
    private readonly NativeBuffer memory;

    private ShrinkRows(CodeType codes, int ranks, int inputs)
    {
        (Codes, Ranks, Inputs) = (codes, ranks, inputs);
        Stride = (inputs + 15) / 16 * 16 * (codes == CodeType.F32 ? sizeof(float) : sizeof(ushort));
        memory = new NativeBuffer((long)ranks * Stride);
    }

    /// <summary>F32, BF16 or F16.</summary>
    public CodeType Codes { get; }

    public int Ranks { get; }

    public int Inputs { get; }

    /// <summary>Bytes of a row.</summary>
    public int Stride { get; }

    public byte* Address => (byte*)memory.Address;

    public long ByteCount => memory.Length;

    /// <param name="fallback">What f32 rows, and formats without a kernel, are kept as: F32 or BF16.</param>
    public static ShrinkRows Pack(ComputePool pool, IWeightRows rows, CodeType fallback)
    {
        CodeType codes = rows.Format switch
        {
            WeightFormat.BF16 => CodeType.BF16,
            WeightFormat.F16 => CodeType.F16,
            _ => fallback,
        };
        var packed = new ShrinkRows(codes, (int)rows.Shape[0], (int)rows.Shape[1]);
        var job = new PackJob(rows, packed);
        pool.Run(ref job, packed.Ranks);
        return packed;
    }

    public void Dispose() => memory.Dispose();

    private readonly struct PackJob(IWeightRows rows, ShrinkRows packed) : IJob
    {
        public void Run(int item, int worker)
        {
            byte* row = packed.Address + ((long)item * packed.Stride);
            if (packed.Codes == CodeType.F16 || (packed.Codes == CodeType.BF16 && rows.Format == WeightFormat.BF16))
            {
                rows.Raw(item).CopyTo(new Span<byte>(row, packed.Stride));
                return;
            }
            if (packed.Codes == CodeType.F32)
            {
                rows.Read(item, new Span<float>(row, packed.Inputs));
                return;
            }
            var values = new float[packed.Inputs];
            rows.Read(item, values);
            for (int k = 0; k < values.Length; k++) ((ushort*)row)[k] = Packing.RoundToBf16(values[k]);
        }
    }
}
