using Quire.Tensors;

namespace Quire.Formats;

/// <summary>How one block of a ggml type gives codes and scales, for types whose numbers are (number of the code - zero) times the scale of a group, rounded once. A type is one struct in one file of
/// <c>Blocks/</c> and one line in <see cref="GgmlCodes"/>.</summary>
internal interface ICodedFormat
{
    static abstract GgmlType Type { get; }

    /// <summary>What the codes mean; groups divide the type's blocks.</summary>
    static abstract CodedLayout Coding { get; }

    /// <param name="block">Exactly the type's <see cref="GgmlTypes.BlockBytes"/>.</param>
    /// <param name="codes">Exactly the type's <see cref="GgmlTypes.BlockSize"/> elements, all written.</param>
    /// <param name="scales">One for each group, all written.</param>
    static abstract void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales);
}
