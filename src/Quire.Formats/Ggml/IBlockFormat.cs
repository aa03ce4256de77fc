namespace Quire.Formats;

/// <summary>
/// How one block of a ggml type becomes floats. A type is one struct in one file of <c>Blocks/</c> and one line in
/// <see cref="GgmlDequantizer"/>.
/// </summary>
internal interface IBlockFormat
{
    static abstract GgmlType Type { get; }

    /// <param name="block">Exactly the type's <see cref="GgmlTypes.BlockBytes"/>.</param>
    /// <param name="values">Exactly the type's <see cref="GgmlTypes.BlockSize"/> elements, all written.</param>
    static abstract void Dequantize(ReadOnlySpan<byte> block, Span<float> values);
}
