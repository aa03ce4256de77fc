namespace Quire.Tensors;

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

/// <summary>Matrices of heads in a device's own layout. Applied with <see cref="IDevice.HeadLinear"/>.</summary>
public abstract class PreparedHeads : IDisposable
{
    /// <summary>Heads.</summary>
    public abstract int Count { get; }

    /// <summary>Bytes of device memory they hold.</summary>
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

    /// <summary>gpt-oss: gate · sigmoid(1.702 gate) · (up + 1), gate at most a limit and up within plus and minus it. Only with a gate.</summary>
    ClampedSwiglu,

    /// <summary>Apertus: see <see cref="XieluParameters"/>. Only without a gate.</summary>
    Xielu,
}

/// <summary>x becomes AlphaPositive x² + Beta x where it is positive, else AlphaNegative (e^min(x, Epsilon) - 1 - x) + Beta x.</summary>
public readonly record struct XieluParameters(float AlphaPositive, float AlphaNegative, float Beta, float Epsilon);
