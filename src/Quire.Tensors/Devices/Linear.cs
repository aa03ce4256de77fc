namespace Quire.Tensors;

/// <summary>How a weight's rows are stored in the checkpoint.</summary>
public enum WeightFormat
{
    F32,
    F16,
    BF16,

    /// <summary>ggml blocks of 32: f16 scale, 32 signed bytes.</summary>
    Q8_0,

    /// <summary>ggml blocks of 32: f16 scale, 16 bytes of nibbles; value = scale * (nibble - 8).</summary>
    Q4_0,

    /// <summary>ggml blocks of 32: f16 scale, f16 minimum, 16 bytes of nibbles; value = scale * nibble + minimum.</summary>
    Q4_1,

    /// <summary>ggml superblocks of 256: f16 scale and minimum, 8 groups of 32 with 6-bit scale and minimum each, nibbles; value = d * sc * nibble - dmin * m.</summary>
    Q4_K,

    /// <summary>The same with codes of 5 bits, their top bits apart.</summary>
    Q5_K,

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

    /// <summary>The row's stored bytes.</summary>
    ReadOnlySpan<byte> Raw(long row);
}

/// <summary>A weight in a device's own layout. Applied with <see cref="IDevice.Linear"/>, looked up with <see cref="IDevice.Embed"/>.</summary>
public abstract class PreparedLinear(long outputFeatures, long inputFeatures) : IDisposable
{
    public long OutputFeatures { get; } = outputFeatures;

    public long InputFeatures { get; } = inputFeatures;

    /// <summary>Bytes of device memory it holds.</summary>
    public abstract long ByteCount { get; }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <summary>What is added to a product's rows: bias [output features] and residual [rows, output features]; an empty tensor adds nothing.</summary>
public readonly record struct LinearEpilogue(Tensor Bias = default, Tensor Residual = default);

/// <summary>A norm's weight [columns] f32 and epsilon. An empty weight means no norm; only layer norms have a bias [columns], and it may be empty.</summary>
public readonly record struct NormWeight(Tensor Weight, float Epsilon, NormKind Kind = NormKind.Rms, Tensor Bias = default);

public enum NormKind
{
    /// <summary>x / sqrt(mean(x²) + epsilon) · weight.</summary>
    Rms,

    /// <summary>(x - mean(x)) / sqrt(variance(x) + epsilon) · weight + bias.</summary>
    Layer,
}

public enum Activation
{
    /// <summary>x · sigmoid(x).</summary>
    Silu,

    /// <summary>The tanh form of GELU.</summary>
    GeluTanh,

    /// <summary>GELU itself, x · Φ(x).</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0)².</summary>
    SquaredRelu,
}
