namespace Quire.Tensors;

/// <summary>How a weight's rows are stored in the checkpoint.</summary>
public enum WeightFormat
{
    F32,

    /// <summary>Numbers that a device keeps as f32 even where it rounds others.</summary>
    ExactF32,
    F16,
    BF16,

    /// <summary>ggml blocks of 32: f16 scale, 32 signed bytes.</summary>
    Q8_0,

    /// <summary>ggml blocks of 32: f16 scale, 16 bytes of nibbles; value = scale * (nibble - 8).</summary>
    Q4_0,

    /// <summary>ggml blocks of 32: f16 scale, f16 minimum, 16 bytes of nibbles; value = scale * nibble + minimum.</summary>
    Q4_1,

    /// <summary>ggml blocks of 32: f16 scale, f16 minimum, a word with every fifth bit, 16 bytes of nibbles; value = scale * code + minimum.</summary>
    Q5_1,

    /// <summary>ggml superblocks of 256: f16 scale and minimum, 8 groups of 32 with 6-bit scale and minimum each, nibbles; value = d * sc * nibble - dmin * m.</summary>
    Q4_K,

    /// <summary>The same with codes of 5 bits, their top bits apart.</summary>
    Q5_K,

    /// <summary>ggml superblocks of 256: 16 groups with a 4-bit scale and minimum each, codes of 2 bits, f16 scale and minimum; value = d * sc * code - dmin * m.</summary>
    Q2_K,

    /// <summary>ggml superblocks of 256: codes of 3 bits, 16 groups with a 6-bit scale each, f16 scale; value = d * (sc - 32) * (code - 4).</summary>
    Q3_K,

    /// <summary>ggml superblocks of 256: codes of 6 bits, 16 groups with a signed byte as scale each, f16 scale; value = d * sc * (code - 32).</summary>
    Q6_K,

    /// <summary>Codes with scales, as <see cref="IWeightRows.Coding"/> says.</summary>
    Coded,

    /// <summary>Any other: a device reads it as f32 and keeps it as bf16 or f32.</summary>
    Other,
}

/// <summary>A weight matrix [output features, input features] of a checkpoint, read by rows so that a shard or a permutation is another view of it.</summary>
public interface IWeightRows
{
    /// <summary>For messages: tensor name and file.</summary>
    string Name { get; }

    /// <summary>[output features, input features].</summary>
    Shape Shape { get; }

    WeightFormat Format { get; }

    /// <summary>The row as f32, exactly what the stored bits mean.</summary>
    void Read(long row, Span<float> values);

    /// <summary>The row's stored bytes; of formats other than <see cref="WeightFormat.Coded"/>.</summary>
    ReadOnlySpan<byte> Raw(long row);

    /// <summary>What the codes mean; not null exactly where <see cref="Format"/> is <see cref="WeightFormat.Coded"/>.</summary>
    CodedLayout? Coding => null;

    /// <summary>The row's codes in coded order with the scales and zeros of its groups.</summary>
    /// <param name="codes">[input features]</param>
    /// <param name="scales">[groups]</param>
    /// <param name="zeros">[groups]; untouched where the layout has none.</param>
    void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros) => throw new NotSupportedException($"{Name} has no codes");
}
