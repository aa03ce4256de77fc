using Quire.Tensors;

namespace Quire.Formats;

/// <summary>How a checkpoint's matrices are quantised: from a module's name to its rows.</summary>
public abstract class QuantizationScheme
{
    /// <summary>The name that <c>--quantization</c> takes: <c>awq</c>, <c>gptq</c>, <c>fp8</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What a person wants to know: "awq, 4 bits, groups of 128".</summary>
    public abstract string Description { get; }

    /// <summary>True where keys and values are cached as float8 e4m3 with the checkpoint's scales.</summary>
    public virtual bool HasFloat8Kv => false;

    /// <summary>True where some products take int8 inputs.</summary>
    public virtual bool RoundsInputsToInt8 => false;

    /// <summary>The matrix of a module that is quantised; null of one that is stored as plain <c>.weight</c>.</summary>
    /// <param name="module">Name without <c>.weight</c>.</param>
    /// <exception cref="QuireException">Tensors are missing or contradict each other, the configuration or the shape.</exception>
    public abstract IWeightRows? Open(ModuleTensors module, long outputs, long inputs);

    /// <summary>What becomes of a layer's matrix that is stored as plain numbers. Tables, routers and heads are not asked for.</summary>
    public virtual IWeightRows Plain(string module, IWeightRows rows) => rows;
}
