namespace Quire.Tensors;

/// <summary>The eight-bit floating-point numbers of checkpoints and activations.</summary>
public static class Float8
{
    /// <summary>The largest finite e4m3fn.</summary>
    public const float MaxE4M3 = 448;

    /// <summary>e4m3fn: 1 sign, 4 exponent bits of bias 7, 3 mantissa bits; no infinities, all ones is NaN.</summary>
    public static float WidenE4M3(byte code)
    {
        if ((code & 0x7f) == 0x7f) return float.NaN;
        // The exponent is 120 too small as it lies in an f32; the product is exact, subnormals included.
        float magnitude = BitConverter.UInt32BitsToSingle((uint)(code & 0x7f) << 20) * BitConverter.UInt32BitsToSingle((127 + 120) << 23);
        return (code & 0x80) == 0 ? magnitude : -magnitude;
    }

    /// <summary>The nearest e4m3fn of a number of magnitude up to 448, half to even; NaN stays NaN.</summary>
    public static byte RoundE4M3(float value)
    {
        if (float.IsNaN(value)) return 0x7f;
        uint sign = (BitConverter.SingleToUInt32Bits(value) >> 24) & 0x80;
        float magnitude = Math.Min(Math.Abs(value), MaxE4M3);
        // Below 2^-6 numbers are multiples of 2^-9: those of an f32 sum near 2^14.
        if (magnitude < 1f / 64) return (byte)(sign | (uint)((magnitude + 16384f - 16384f) * 512f));
        uint bits = BitConverter.SingleToUInt32Bits(magnitude);
        return (byte)(sign | ((bits + 0x7ffff + ((bits >> 20) & 1) - (120u << 23)) >> 20));
    }
}
