namespace Quire.Kernels.Cpu.Simd;

/// <summary>Sixteen float lanes. Kernels are written once over this type and instantiated per instruction set, so every set gives the same bits:
/// lanes never mix except in <see cref="Sum"/> and <see cref="MaxLane"/>, which use one fixed tree, and multiply-add rounds once everywhere.</summary>
internal unsafe interface ILanes<TSelf> : IDots<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    /// <summary>Lane-vectors of accumulators that fit into registers beside operands, for a tile of six rows: 4 with 32 registers of 64 bytes, 1 with 16 of 32.</summary>
    static abstract int TileColumns { get; }

    /// <summary>Emitted code for 512-bit registers may do this set's products; it must give the same bits in the f32 and int8 modes.</summary>
    static abstract bool HasEmittedTiles { get; }

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

    /// <summary>Sixteen bf16 numbers in order.</summary>
    static abstract TSelf WidenBf16(ushort* source);

    /// <summary>To the nearest whole number, ties to even.</summary>
    static abstract TSelf Round(TSelf value);

    /// <summary>Rounds to bf16, half to even; a NaN stays one.</summary>
    static abstract void StoreBf16(ushort* destination, TSelf value);

    /// <summary>Two vectors as bf16 pairs: element 2 i from <paramref name="even"/>, 2 i + 1 from <paramref name="odd"/>.</summary>
    static abstract void StoreBf16Pairs(ushort* destination, TSelf even, TSelf odd);

    /// <summary>Whole numbers of -128 .. 127 as bytes.</summary>
    static abstract void StoreInt8(sbyte* destination, TSelf value);

    /// <summary>Lane i is bits shift .. of word i, under the mask.</summary>
    static abstract TSelf WidenBits(uint* words, int shift, uint mask);

    /// <summary>Lane i is bits shift .. shift + 3 of word i.</summary>
    static abstract TSelf WidenNibbles(uint* words, int shift);

    /// <summary>Lane i is levels[bits shift .. shift + 3 of word i].</summary>
    /// <param name="levels">[16]</param>
    static abstract TSelf ChooseLevels(uint* words, int shift, float* levels);

    /// <summary>Lane i is the finite float8 e4m3fn number of bits shift .. shift + 7 of word i.</summary>
    static abstract TSelf WidenE4M3(uint* words, int shift);

    /// <summary>To the nearest number of float8 e4m3fn, half to even; magnitudes up to 448 and NaN, which stays one.</summary>
    static abstract TSelf RoundE4M3(TSelf value);

    /// <summary>Lane i of <paramref name="low"/> is the low nibble of byte i of 64, of <paramref name="high"/> the high one: bytes, 64 of each.</summary>
    static abstract void UnpackNibbles(byte* source, byte* low, byte* high);

    /// <summary>The same, with the byte of a table that each nibble chooses.</summary>
    /// <param name="table">[16]</param>
    static abstract void ChooseBytes(byte* source, byte* table, byte* low, byte* high);

    /// <summary>Sixteen bytes as numbers.</summary>
    static abstract TSelf WidenBytes(byte* source);

    /// <summary>Largest magnitude of 32 numbers; NaN if any of them is NaN.</summary>
    static abstract float MaxMagnitude(TSelf a, TSelf b);

    /// <summary>Lanes i and i + 8 first, then i and i + 4, i + 2, i + 1.</summary>
    static abstract float Sum(TSelf value);

    static abstract float MaxLane(TSelf value);
}
