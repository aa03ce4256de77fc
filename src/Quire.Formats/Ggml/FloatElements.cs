using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>Elements of the floating-point types as float32. Exact, except that <see cref="DType.F64"/> is rounded.</summary>
internal static class FloatElements
{
    public static bool CanWiden(DType type) => type is DType.F32 or DType.F16 or DType.BF16 or DType.F64 or DType.F8E4M3 or DType.F8E5M2;

    /// <param name="elements">Little-endian, at any alignment.</param>
    /// <param name="values">As many as <paramref name="elements"/> holds, all written.</param>
    public static void Widen(DType type, ReadOnlySpan<byte> elements, Span<float> values)
    {
        switch (type)
        {
            case DType.F32:
                elements.CopyTo(MemoryMarshal.AsBytes(values));
                break;
            case DType.F16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(elements);
                for (int i = 0; i < values.Length; i++) values[i] = (float)halves[i];
                break;
            case DType.BF16:
                ReadOnlySpan<ushort> words = MemoryMarshal.Cast<byte, ushort>(elements);
                for (int i = 0; i < values.Length; i++) values[i] = BitConverter.Int32BitsToSingle(words[i] << 16);
                break;
            case DType.F64:
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(elements);
                for (int i = 0; i < values.Length; i++) values[i] = (float)doubles[i];
                break;
            case DType.F8E4M3:
                for (int i = 0; i < values.Length; i++) values[i] = Float8.WidenE4M3(elements[i]);
                break;
            case DType.F8E5M2:
                // The upper half of a float16.
                for (int i = 0; i < values.Length; i++) values[i] = (float)BitConverter.UInt16BitsToHalf((ushort)(elements[i] << 8));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "not a floating-point type");
        }
    }
}
