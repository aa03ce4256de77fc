using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Quire.Engine;

/// <summary>Chain hashes of full blocks: hash(block i) = H(hash(block i - 1), tokens of block i), from a root that holds salt and adapter.
/// Keyed by a random number of this process, so that nobody can prepare colliding prompts; a hit is confirmed by comparing tokens all the same.</summary>
internal sealed class PrefixHasher
{
    private readonly long key = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8));

    public UInt128 Root(int adapter, string? salt)
    {
        byte[] text = Encoding.UTF8.GetBytes(salt ?? "");
        byte[] bytes = new byte[5 + text.Length];
        MemoryMarshal.Write(bytes, adapter);
        bytes[4] = salt is null ? (byte)0 : (byte)1;
        text.CopyTo(bytes, 5);
        return XxHash128.HashToUInt128(bytes, key);
    }

    public UInt128 Next(UInt128 parent, ReadOnlySpan<int> tokens)
    {
        Span<byte> bytes = stackalloc byte[16 + (tokens.Length * sizeof(int))];
        MemoryMarshal.Write(bytes, parent);
        MemoryMarshal.AsBytes(tokens).CopyTo(bytes[16..]);
        return XxHash128.HashToUInt128(bytes, key);
    }
}
