namespace Quire.Kernels.Cpu.Attention;

/// <summary>How attention may multiply keys and values of bf16.</summary>
internal enum AttentionRounding
{
    /// <summary>In f32, exactly.</summary>
    None,

    /// <summary>Queries and weights rounded to bf16, in vectors.</summary>
    Vectors,

    /// <summary>The same in tile registers.</summary>
    Tiles,
}
