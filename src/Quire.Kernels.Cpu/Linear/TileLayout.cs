using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Where the parts of a tile of headers and codes lie: computed once, outside loops. A tile of plain numbers is one without headers.</summary>
internal readonly struct TileLayout(PackedFormat format, int groups)
{
    public readonly DType ScaleType = format.ScaleType;
    public readonly OffsetType Offset = format.Offset;

    /// <summary>Bytes of the minima or zeros from the start of a header.</summary>
    public readonly int OffsetStart = format.IsCoded ? format.OffsetStart : 0;

    public readonly int HeaderBytes = format.IsCoded ? format.HeaderBytes : 0;

    /// <summary>Bytes of the codes of 32 inputs.</summary>
    public readonly int CodeBytes = format.IsCoded ? format.CodeBytes : Packing.Group * Packing.Columns * sizeof(ushort);

    /// <summary>Groups of 32 inputs in the tile.</summary>
    public readonly int Groups = groups;

    /// <summary>Groups under a header.</summary>
    public readonly int PerHeader = format.IsCoded ? format.HeaderInputs / Packing.Group : groups;

    public readonly float Middle = format.Middle;

    /// <summary>Address of what levels stand for.</summary>
    public readonly nint Levels = format.Levels;
}
