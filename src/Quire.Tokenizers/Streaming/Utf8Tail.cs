using System.Text;

namespace Quire.Tokenizers;

/// <summary>The last bytes of a stream, enough to tell whether it ends in a whole character.</summary>
internal struct Utf8Tail
{
    private uint last;
    private int count;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes[Math.Max(0, bytes.Length - 4)..])
        {
            last = last << 8 | value;
            count = Math.Min(4, count + 1);
        }
    }

    /// <summary>False when decoding would end in U+FFFD. A lead byte always begins a character, so the bytes before do not matter.</summary>
    public readonly bool EndsInCharacter
    {
        get
        {
            Span<byte> bytes = [(byte)(last >> 24), (byte)(last >> 16), (byte)(last >> 8), (byte)last];
            for (int length = 1; length <= count; length++)
            {
                if (Rune.DecodeFromUtf8(bytes[^length..], out Rune rune, out int consumed) == System.Buffers.OperationStatus.Done && consumed == length)
                    return rune != Rune.ReplacementChar;
            }
            return count == 0;
        }
    }
}
