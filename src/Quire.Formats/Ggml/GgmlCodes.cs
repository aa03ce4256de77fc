using Quire.Tensors;

namespace Quire.Formats;

/// <summary>ggml types that are codes and scales: matrices of them are kept as such, not widened. Types whose blocks kernels know themselves (<see cref="WeightFormat"/>) are not among them.</summary>
public static class GgmlCodes
{
    private delegate void BlockReader(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales);

    private static readonly Dictionary<GgmlType, (CodedLayout Coding, BlockReader Read)> types = new(
    [
        Of<Q5_0>(), Of<Q8_K>(), Of<IQ1_S>(), Of<IQ1_M>(), Of<IQ2_XXS>(), Of<IQ2_XS>(), Of<IQ2_S>(), Of<IQ3_XXS>(), Of<IQ3_S>(), Of<IQ4_NL>(), Of<IQ4_XS>(), Of<TQ1_0>(), Of<TQ2_0>(), Of<Q1_0>(),
        Of<MXFP4>(), Of<NVFP4>(),
    ]);

    /// <summary>What a type's codes mean; null for types that have none.</summary>
    public static CodedLayout? Layout(GgmlType type) => types.TryGetValue(type, out var entry) ? entry.Coding : null;

    /// <param name="type">One that has a layout.</param>
    /// <param name="blocks">Whole blocks.</param>
    /// <param name="codes">As many as the blocks hold, all written.</param>
    /// <param name="scales">One for each group, all written.</param>
    public static void Read(GgmlType type, ReadOnlySpan<byte> blocks, Span<byte> codes, Span<float> scales)
    {
        (CodedLayout coding, BlockReader read) = types[type];
        int size = type.BlockSize(), bytes = type.BlockBytes(), groups = coding.Groups(size);
        for (; !blocks.IsEmpty; blocks = blocks[bytes..], codes = codes[size..], scales = scales[groups..]) read(blocks[..bytes], codes[..size], scales[..groups]);
    }

    /// <param name="type">One that has a layout.</param>
    /// <param name="blocks">Whole blocks.</param>
    /// <param name="values">As many as the blocks hold, all written.</param>
    internal static void Dequantize(GgmlType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        (CodedLayout coding, BlockReader read) = types[type];
        int size = type.BlockSize(), bytes = type.BlockBytes();
        Span<byte> codes = stackalloc byte[size];
        Span<float> scales = stackalloc float[coding.Groups(size)], numbers = stackalloc float[256];
        for (int code = 0; code < (coding.Kind == CodeKind.Unsigned8 ? 256 : 16); code++) numbers[code] = coding.Number((byte)code) - coding.Middle;
        for (; !values.IsEmpty; blocks = blocks[bytes..], values = values[size..])
        {
            read(blocks[..bytes], codes, scales);
            for (int i = 0; i < size; i++) values[i] = numbers[codes[i]] * scales[i / coding.GroupSize];
        }
    }

    private static KeyValuePair<GgmlType, (CodedLayout Coding, BlockReader Read)> Of<T>()
        where T : struct, ICodedFormat => new(T.Type, (T.Coding, T.ReadCodes));
}
