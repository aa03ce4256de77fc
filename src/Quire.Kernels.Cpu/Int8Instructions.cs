namespace Quire.Kernels.Cpu;

/// <summary>How int8 numbers are multiplied and summed in int32.</summary>
public enum Int8Instructions
{
    /// <summary>No instruction of its own: numbers are widened.</summary>
    None,

    /// <summary>vpmaddubsw, vpmaddwd and vpaddd.</summary>
    MultiplyAdd,

    /// <summary>vpdpbusd on 256-bit registers: AVX-VNNI.</summary>
    Vnni256,

    /// <summary>vpdpbusd on 512-bit registers: AVX512-VNNI.</summary>
    Vnni512,

    /// <summary>tdpbsud and tdpbssd in tile registers: AMX.</summary>
    Tiles,
}
