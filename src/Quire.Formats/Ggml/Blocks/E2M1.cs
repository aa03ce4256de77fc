namespace Quire.Formats;

/// <summary>The 16 numbers of one sign, two exponent and one mantissa bit, doubled to be whole; users halve their scale instead.</summary>
internal static class E2M1
{
    public static readonly float[] Doubled = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];
}
