using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Activations rounded to int8 with one scale for a row, as tile registers load them: codes [rows, padded][<see cref="AmxProducts.RowBytes"/>], zero past the inputs; then
/// scales [rows] f32; then for each run of <see cref="PackedFormat.MaxRunGroups"/> groups what unsigned codes of weights, 128 above their value, add too much: -128 times the sum of the codes, int32 [rows][runs].</summary>
internal readonly unsafe struct ActivationCodes(nint address, int rows, int groups) : IActivationRows
{
    private readonly int rowBytes = AmxProducts.RowBytes(groups * (long)Packing.Group);

    public int Rows { get; } = rows;

    public int Groups { get; } = groups;

    public int Runs => (Groups + PackedFormat.MaxRunGroups - 1) / PackedFormat.MaxRunGroups;

    public int RowBytes => rowBytes;

    /// <summary>[rows]</summary>
    public float* Scales => (float*)Codes(AmxProducts.Padded(Rows));

    /// <summary>What is added to a row's dot products of a run, [rows][<see cref="Runs"/>].</summary>
    public int* Starts => (int*)(Scales + Rows);

    public static int RowsPerItem => 4;

    public static long Bytes(long rows, int groups)
    {
        int runs = (groups + PackedFormat.MaxRunGroups - 1) / PackedFormat.MaxRunGroups;
        return ((rows + AmxTileEmitter.BlockRows) * AmxProducts.RowBytes(groups * (long)Packing.Group)) + (rows * (1 + runs) * sizeof(float));
    }

    public byte* Codes(int row) => (byte*)address + ((nint)row * rowBytes);

    public byte* Row(int row, out int stride)
    {
        stride = Packing.Group;
        byte* codes = Codes(row);
        int end = Groups * Packing.Group;
        new Span<byte>(codes + end, rowBytes - end).Clear();
        new Span<int>(Starts + (row * Runs), Runs).Clear();
        return codes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<T>(byte* at, int row, T a, T b, float scale) where T : unmanaged, ILanes<T>
    {
        T.StoreInt8((sbyte*)at, a);
        T.StoreInt8((sbyte*)at + 16, b);
        Scales[row] = scale;
        Starts[(row * Runs) + ((int)(at - Codes(row)) / (PackedFormat.MaxRunGroups * Packing.Group))] -= 128 * (int)T.Sum(a + b);
    }
}
