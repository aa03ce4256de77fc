using Quire.Kernels.Cpu.Linear;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>Tiles of 16 outputs, as <see cref="Packing"/> makes them.</summary>
/// <param name="Codes">F32, BF16 or F16.</param>
internal readonly record struct ExpandTiles(nint Address, CodeType Codes, int Outputs, int Inputs, nint TileBytes);
