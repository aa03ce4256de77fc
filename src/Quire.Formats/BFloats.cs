namespace Quire.Formats;

/// <summary>Numbers of bf16.</summary>
internal static class BFloats
{
    /// <summary>A finite number's nearest, of two equally near the even one.</summary>
    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    public static float Widen(ushort number) => BitConverter.UInt32BitsToSingle((uint)number << 16);
}
