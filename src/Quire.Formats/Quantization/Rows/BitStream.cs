namespace Quire.Formats;

/// <summary>Whole numbers of a few bits each in a dense little-endian stream of 32-bit words that lie a stride apart.</summary>
internal readonly ref struct BitStream(ReadOnlySpan<uint> words, int first, int stride, int bits)
{
    private readonly ReadOnlySpan<uint> words = words;

    public int this[int index]
    {
        get
        {
            int bit = index * bits, shift = bit % 32, at = first + (bit / 32 * stride);
            uint value = words[at] >> shift;
            // A number may go on in the next word.
            if (shift + bits > 32) value |= words[at + stride] << (32 - shift);
            return (int)(value & ((1u << bits) - 1));
        }
    }
}
