using System.Buffers.Binary;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>SentencePiece's compiled table of replacements: a double-array trie over UTF-8, then the replacements, each ended by a zero byte.</summary>
internal sealed class CharacterMap
{
    private readonly uint[] units;
    private readonly byte[] replacements;

    /// <exception cref="FormatException">The table does not fit its own sizes.</exception>
    public CharacterMap(byte[] table)
    {
        if (table.Length < 4) throw new FormatException("it is shorter than its header");
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(table);
        if (size > table.Length - 4 || size % 4 != 0) throw new FormatException($"its trie of {size} bytes does not fit");
        units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++) units[i] = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(4 + 4 * i));
        replacements = table[(int)(4 + size)..];
    }

    /// <summary>The replacement of the shortest prefix of <paramref name="text"/> that has one, or null.</summary>
    public string? Find(ReadOnlySpan<byte> text)
    {
        if (units.Length == 0) return null;
        uint at = Offset(units[0]);
        foreach (byte value in text)
        {
            if (value == 0) return null;
            at ^= value;
            if (at >= units.Length) return null;
            uint unit = units[at];
            if ((unit & 0x800000FF) != value) return null;
            at ^= Offset(unit);
            if ((unit >> 8 & 1) == 1) return at < units.Length ? Replacement(units[at] & 0x7FFFFFFF) : null;
        }
        return null;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);

    private string? Replacement(uint start)
    {
        if (start >= replacements.Length) return null;
        ReadOnlySpan<byte> rest = replacements.AsSpan((int)start);
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
