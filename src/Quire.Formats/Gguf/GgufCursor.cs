using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// Reads little-endian values one after the other; whatever would lie beyond the file's end is an error that names what was read.
/// </summary>
internal sealed class GgufCursor(MappedFile map, long position)
{
    public string File => map.Path;

    public long Position { get; private set; } = position;

    public long Remaining => map.Length - Position;

    public uint U32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong U64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A count of things of at least <paramref name="bytesEach"/> bytes, all of which must still fit into the file.</summary>
    /// <param name="things">What is counted, for the message.</param>
    public long Count(string what, string things, int bytesEach)
    {
        ulong count = U64(what);
        if (count > (ulong)(Remaining / bytesEach))
            throw QuireException.BadFile(File, $"{what}: {count} {things} do not fit into the {Remaining} bytes that follow");
        return (long)count;
    }

    /// <exception cref="QuireException">Beyond the end, or not UTF-8.</exception>
    public string String(string what)
    {
        ReadOnlySpan<byte> bytes = StringBytes(what);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw QuireException.BadFile(File, $"{what} is not UTF-8");
    }

    public void SkipString(string what)
    {
        long length = Count(what, "bytes", 1);
        Position += length;
    }

    public void Skip(long bytes, string what)
    {
        if (bytes < 0 || bytes > Remaining) throw QuireException.BadFile(File, $"ends inside {what}");
        Position += bytes;
    }

    public ReadOnlySpan<byte> Take(int bytes, string what)
    {
        long start = Position;
        Skip(bytes, what);
        return map.Span(start, bytes);
    }

    private ReadOnlySpan<byte> StringBytes(string what)
    {
        long length = Count(what, "bytes", 1);
        return length <= int.MaxValue ? Take((int)length, what) : throw QuireException.BadFile(File, $"{what} is longer than 2^31 bytes");
    }
}
