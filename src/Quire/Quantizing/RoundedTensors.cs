using System.Buffers.Binary;
using Quire.Formats;
using Quire.Tensors;

namespace Quire;

/// <summary>A rounded matrix as compressed-tensors stores it.</summary>
internal static class RoundedTensors
{
    /// <param name="module">Name without <c>.weight</c>.</param>
    public static IEnumerable<SafetensorsPart> Of(string module, RoundedRows rows, RoundedFormat format)
    {
        long outputs = rows.Shape[0], inputs = rows.Shape[1], groups = rows.Coding.Groups(inputs);
        if (format == RoundedFormat.Int4)
        {
            long words = (inputs + 7) / 8;
            yield return new SafetensorsPart(module + ".weight_packed", "I32", new Shape(outputs, words), outputs * words * 4, stream => WriteNibbles(stream, rows, (int)words));
            yield return new SafetensorsPart(module + ".weight_shape", "I64", new Shape(2), 16, stream => WriteShape(stream, outputs, inputs));
        }
        else
        {
            bool isFloat = format == RoundedFormat.Fp8;
            yield return new SafetensorsPart(module + ".weight", isFloat ? "F8_E4M3" : "I8", new Shape(outputs, inputs), outputs * inputs, stream => WriteBytes(stream, rows, isFloat ? (byte)0 : (byte)0x80));
        }
        yield return new SafetensorsPart(module + ".weight_scale", "BF16", new Shape(outputs, groups), outputs * groups * 2, stream => WriteScales(stream, rows));
    }

    private static void WriteNibbles(Stream stream, RoundedRows rows, int words)
    {
        var packed = new byte[words * 4];
        ForEachRow(rows, (codes, _) =>
        {
            packed.AsSpan().Clear();
            for (int k = 0; k < codes.Length; k++) packed[k / 2] |= (byte)(codes[k] << (k % 2 * 4));
            stream.Write(packed);
        });
    }

    private static void WriteBytes(Stream stream, RoundedRows rows, byte flip) => ForEachRow(rows, (codes, _) =>
    {
        for (int k = 0; k < codes.Length; k++) codes[k] ^= flip;
        stream.Write(codes);
    });

    private static void WriteScales(Stream stream, RoundedRows rows) => ForEachRow(rows, (_, scales) =>
    {
        Span<byte> bytes = stackalloc byte[2];
        foreach (float scale in scales)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)(BitConverter.SingleToUInt32Bits(scale) >> 16));
            stream.Write(bytes);
        }
    });

    private static void WriteShape(Stream stream, long outputs, long inputs)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, outputs);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], inputs);
        stream.Write(bytes);
    }

    private static void ForEachRow(RoundedRows rows, Action<byte[], float[]> write)
    {
        var codes = new byte[rows.Shape[1]];
        var scales = new float[rows.Coding.Groups(rows.Shape[1])];
        for (long row = 0; row < rows.Shape[0]; row++)
        {
            rows.ReadCodes(row, codes, scales, []);
            write(codes, scales);
        }
    }
}
