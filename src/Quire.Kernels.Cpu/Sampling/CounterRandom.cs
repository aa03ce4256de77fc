namespace Quire.Kernels.Cpu.Sampling;

/// <summary>Random numbers without state: a function of seed, choice, position and purpose.</summary>
internal static class CounterRandom
{
    /// <summary>The number that a token is drawn with.</summary>
    public const ulong Draw = 1;

    /// <summary>In [0, 1), 53 bits.</summary>
    /// <remarks>Each word is mixed in by the finaliser of SplitMix64 (Steele, Lea and Flood 2014), so that neighbouring seeds share nothing.</remarks>
    public static double Uniform(ulong seed, int choice, int position, ulong purpose)
    {
        ulong h = Mix(seed + 0x9E3779B97F4A7C15);
        h = Mix(h ^ (((ulong)(uint)choice << 32) | (uint)position));
        h = Mix(h + (purpose * 0xD1B54A32D192ED03));
        return (h >> 11) * (1.0 / (1UL << 53));
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
