namespace Quire.Kernels.Cpu;

/// <summary>What products round their inputs to. Sums are f32 in every mode.</summary>
public enum CpuActivations
{
    /// <summary>Nothing: weights are widened to f32.</summary>
    F32,

    /// <summary>bf16 where this CPU multiplies bf16 faster than f32, else nothing.</summary>
    BF16,

    /// <summary>int8 by row and group of 32 where the weight is stored as codes of 4 or 8 bits; other weights as in <see cref="BF16"/>.</summary>
    Int8,
}
