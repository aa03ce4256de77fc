namespace Quire.Kernels.Cpu.Simd;

/// <summary>Sixteen float lanes. Kernels are written once over this type and instantiated per instruction set, so every set gives the same bits:
/// lanes never mix except in <see cref="Sum"/> and <see cref="MaxLane"/>, which use one fixed tree, and multiply-add rounds once everywhere.</summary>
internal unsafe interface ILanes<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    /// <summary>Lane-vectors of accumulators that fit into registers beside operands, for a tile of six rows: 4 with 32 registers of 64 bytes, 1 with 16 of 32.</summary>
    static abstract int TileColumns { get; }

    static abstract TSelf Zero { get; }

    static abstract TSelf Broadcast(float value);

    static abstract TSelf Load(float* source);

    static abstract void Store(float* destination, TSelf value);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    static abstract TSelf Max(TSelf a, TSelf b);

    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    /// <summary>value * 2^exponent for whole exponents whose result is a normal number.</summary>
    static abstract TSelf Scale(TSelf value, TSelf exponent);

    /// <summary>Thirty-two bf16 numbers, lane i of <paramref name="even"/> from number 2i and of <paramref name="odd"/> from 2i + 1.</summary>
    static abstract void WidenBf16Pairs(ushort* source, out TSelf even, out TSelf odd);

    /// <summary>The same for IEEE half precision; finite numbers only.</summary>
    static abstract void WidenF16Pairs(ushort* source, out TSelf even, out TSelf odd);

    /// <summary>Sixteen half precision numbers in order; finite numbers only.</summary>
    static abstract TSelf WidenF16(ushort* source);

    static abstract TSelf WidenInt8(sbyte* source);

    /// <summary>Sixteen bytes; lane i of <paramref name="low"/> is the low nibble of byte i.</summary>
    static abstract void WidenNibbles(byte* source, out TSelf low, out TSelf high);

    /// <summary>Lanes i and i + 8 first, then i and i + 4, i + 2, i + 1.</summary>
    static abstract float Sum(TSelf value);

    static abstract float MaxLane(TSelf value);
}
