namespace Quire.Formats;

/// <summary>A type that floats can be rounded to as well, with the bits of ggml's reference code.</summary>
internal interface IRoundingFormat : IBlockFormat
{
    /// <param name="values">Exactly the type's <see cref="GgmlTypes.BlockSize"/> finite elements.</param>
    /// <param name="block">Exactly the type's <see cref="GgmlTypes.BlockBytes"/>, all written.</param>
    static abstract void Quantize(ReadOnlySpan<float> values, Span<byte> block);
}
