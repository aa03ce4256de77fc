using System.Text;

namespace Quire.Tokenizers;

/// <summary>The printable character that byte-level vocabularies write for each byte: itself where printable, else U+0100 and up in order.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] toChar = Build();
    private static readonly short[] toByte = Invert();

    public static char CharOf(byte value) => toChar[value];

    /// <summary>The byte a character stands for, or -1.</summary>
    public static int ByteOf(char c) => c < toByte.Length ? toByte[c] : -1;

    /// <summary>The bytes a token of a byte-level vocabulary stands for; a token with other characters stands for its own UTF-8 bytes.</summary>
    public static byte[] Decode(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            int value = ByteOf(token[i]);
            if (value < 0) return Encoding.UTF8.GetBytes(token);
            bytes[i] = (byte)value;
        }
        return bytes;
    }

    private static char[] Build()
    {
        var chars = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE and <= 0xFF;
            chars[value] = printable ? (char)value : next++;
        }
        return chars;
    }

    private static short[] Invert()
    {
        var bytes = new short[toChar.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++) bytes[toChar[value]] = (short)value;
        return bytes;
    }
}
