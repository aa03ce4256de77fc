using System.Runtime.InteropServices;

namespace Quire.Formats;

/// <summary>Rounds rows of float32 to the simpler ggml types, with the bits of ggml's reference code.</summary>
public static class GgmlQuantizer
{
    private delegate void Encoder(ReadOnlySpan<float> values, Span<byte> blocks);

    /// <summary>True for F32, BF16, Q8_0, Q4_0 and Q4_1.</summary>
    public static bool CanQuantize(GgmlType type) => Find(type) is not null;

    /// <param name="values">Finite.</param>
    /// <param name="blocks">The blocks of <paramref name="type"/> that hold as many elements, all written.</param>
    /// <exception cref="QuireException">The type cannot be rounded to.</exception>
    /// <exception cref="ArgumentException">The lengths do not belong together.</exception>
    public static void Quantize(GgmlType type, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Encoder encoder = Find(type) ?? throw new QuireException(ErrorKind.NotSupported, $"numbers cannot be rounded to ggml type {type} by this build");
        if (values.Length % type.BlockSize() != 0 || (long)values.Length / type.BlockSize() * type.BlockBytes() != blocks.Length)
            throw new ArgumentException($"{values.Length} values of {type} are not {blocks.Length} bytes");
        encoder(values, blocks);
    }

    private static Encoder? Find(GgmlType type) => type switch
    {
        GgmlType.F32 => (values, blocks) => MemoryMarshal.AsBytes(values).CopyTo(blocks),
        GgmlType.BF16 => Words,
        GgmlType.Q8_0 => Blocks<Q8_0>,
        GgmlType.Q4_0 => Blocks<Q4_0>,
        GgmlType.Q4_1 => Blocks<Q4_1>,
        _ => null,
    };

    private static void Words(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(blocks);
        for (int i = 0; i < words.Length; i++) words[i] = BFloats.Round(values[i]);
    }

    private static void Blocks<T>(ReadOnlySpan<float> values, Span<byte> blocks)
        where T : struct, IRoundingFormat
    {
        int size = T.Type.BlockSize(), bytes = T.Type.BlockBytes();
        for (; !values.IsEmpty; values = values[size..], blocks = blocks[bytes..]) T.Quantize(values[..size], blocks[..bytes]);
    }
}
