namespace Quire.Formats;

/// <summary>Turns rows of ggml blocks into float32, with the same roundings as ggml's reference code: bit for bit.</summary>
public static class GgmlDequantizer
{
    private delegate void Decoder(ReadOnlySpan<byte> blocks, Span<float> values);

    /// <summary>False for types whose sizes are known but whose values cannot be decoded.</summary>
    public static bool CanDequantize(GgmlType type) => Find(type) is not null;

    /// <param name="blocks">Whole blocks of <paramref name="type"/>.</param>
    /// <param name="values">As many elements as the blocks hold, all written.</param>
    /// <exception cref="QuireException">The type cannot be decoded.</exception>
    /// <exception cref="ArgumentException">The lengths do not belong together.</exception>
    public static void Dequantize(GgmlType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Decoder decoder = Find(type)
            ?? throw new QuireException(ErrorKind.NotSupported, $"ggml type {type} cannot be decoded by this build");
        long count = blocks.Length / type.BlockBytes();
        if (blocks.Length % type.BlockBytes() != 0 || count * type.BlockSize() != values.Length)
            throw new ArgumentException($"{blocks.Length} bytes of {type} are not {values.Length} values");
        decoder(blocks, values);
    }

    private static Decoder? Find(GgmlType type) => type switch
    {
        GgmlType.F32 or GgmlType.F16 or GgmlType.BF16 or GgmlType.F64 =>
            (blocks, values) => FloatElements.Widen(type.ElementType()!.Value, blocks, values),
        GgmlType.Q4_0 => Blocks<Q4_0>,
        GgmlType.Q4_1 => Blocks<Q4_1>,
        GgmlType.Q5_1 => Blocks<Q5_1>,
        GgmlType.Q8_0 => Blocks<Q8_0>,
        GgmlType.Q2_K => Blocks<Q2_K>,
        GgmlType.Q3_K => Blocks<Q3_K>,
        GgmlType.Q4_K => Blocks<Q4_K>,
        GgmlType.Q5_K => Blocks<Q5_K>,
        GgmlType.Q6_K => Blocks<Q6_K>,
        _ when GgmlCodes.Layout(type) is not null => (blocks, values) => GgmlCodes.Dequantize(type, blocks, values),
        _ => null,
    };

    private static void Blocks<T>(ReadOnlySpan<byte> blocks, Span<float> values)
        where T : struct, IBlockFormat
    {
        int size = T.Type.BlockSize(), bytes = T.Type.BlockBytes();
        while (!values.IsEmpty)
        {
            T.Dequantize(blocks[..bytes], values[..size]);
            blocks = blocks[bytes..];
            values = values[size..];
        }
    }
}
