using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>An adapter's A, [rank, inputs], row by row: ranks are too small for tiles of 16 outputs, which would be half zeros. Rows end in zeros up to a whole vector of 16.</summary>
/// <param name="Address">Zeroed memory of <see cref="Bytes"/>.</param>
/// <param name="Codes">F32, BF16 or F16.</param>
internal readonly unsafe record struct ShrinkRows(nint Address, CodeType Codes, int Ranks, int Inputs)
{
    /// <summary>Bytes of a row.</summary>
    public int Stride { get; } = (Inputs + 15) / 16 * 16 * (Codes == CodeType.F32 ? sizeof(float) : sizeof(ushort));

    public long Bytes => (long)Ranks * Stride;

    /// <summary>What <paramref name="rows"/> are kept as.</summary>
    /// <param name="fallback">For f32 rows, and formats without a kernel: F32 or BF16.</param>
    public static CodeType Choose(IWeightRows rows, CodeType fallback) => rows.Format switch
    {
        WeightFormat.BF16 => CodeType.BF16,
        WeightFormat.F16 => CodeType.F16,
        _ => fallback,
    };

    public void Fill(ComputePool pool, IWeightRows rows)
    {
        var job = new FillJob(rows, this);
        pool.Run(ref job, Ranks);
    }

    private readonly struct FillJob(IWeightRows rows, ShrinkRows to) : IJob
    {
        public void Run(int item, int worker)
        {
            byte* row = (byte*)to.Address + ((long)item * to.Stride);
            if (to.Codes == CodeType.F16 || (to.Codes == CodeType.BF16 && rows.Format == WeightFormat.BF16))
            {
                rows.Raw(item).CopyTo(new Span<byte>(row, to.Stride));
                return;
            }
            if (to.Codes == CodeType.F32)
            {
                rows.Read(item, new Span<float>(row, to.Inputs));
                return;
            }
            var values = new float[to.Inputs];
            rows.Read(item, values);
            for (int k = 0; k < values.Length; k++) ((ushort*)row)[k] = Packing.RoundToBf16(values[k]);
        }
    }
}
