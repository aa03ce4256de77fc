using System.Buffers.Binary;
using System.Text;
using Quire.Formats;

namespace Quire.Conformance.Models;

/// <summary>A well-formed GGUF file's bytes, to be made into others that are well-formed and of another content.</summary>
internal sealed class GgufHeader
{
    private const int UInt32 = 4, Text = 8, Array = 9;

    private readonly byte[] file;
    private readonly int end, data;

    public GgufHeader(byte[] file)
    {
        this.file = file;
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, file);
        using (GgufFile opened = GgufFile.Open(path))
        {
            Keys = opened.Metadata.Keys;
            Tensors = opened.TensorNames;
            data = (int)opened.DataOffset;
            end = opened.TensorNames.Max(name => Entry(name) is var at ? at + EntryLength(at) : 0);
        }
        File.Delete(path);
    }

    public IReadOnlyList<string> Keys { get; }

    public IReadOnlyList<string> Tensors { get; }

    /// <summary>Where a key's value begins, with its type.</summary>
    public int Value(string key) => Entry(key) + 8 + Encoding.UTF8.GetByteCount(key);

    public uint Type(string key) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(Value(key)));

    /// <summary>The value's number; of types that hold one.</summary>
    public double Number(string key) => Type(key) == UInt32 ? BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(Value(key) + 4)) : BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(Value(key) + 4));

    /// <summary>Type and number of an array's elements.</summary>
    public (uint Type, long Count) Elements(string key) => (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(Value(key) + 4)), BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(Value(key) + 8)));

    /// <summary>The file with another value of a key.</summary>
    public byte[] With(string key, uint type, params byte[][] value)
    {
        int at = Value(key);
        return With(file, at, 4 + Length(Type(key), at + 4), [.. BitConverter.GetBytes(type), .. value.SelectMany(part => part)]);
    }

    /// <summary>The file without a tensor.</summary>
    public byte[] Without(string tensor)
    {
        byte[] fewer = [.. file];
        BinaryPrimitives.WriteInt64LittleEndian(fewer.AsSpan(8), Tensors.Count - 1);
        int at = Entry(tensor);
        return With(fewer, at, EntryLength(at), []);
    }

    // Tensors' bytes stay where the list says, counted from the next multiple of the alignment.
    private byte[] With(byte[] from, int at, int length, byte[] bytes)
    {
        byte[] header = [.. from[..at], .. bytes, .. from[(at + length)..end]];
        return [.. header, .. new byte[-header.Length & 31], .. from[data..]];
    }

    private int Entry(string name) => file.AsSpan().IndexOf([.. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(name)), .. Encoding.UTF8.GetBytes(name)]);

    private int EntryLength(int at)
    {
        int name = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
        return 8 + name + 4 + (8 * BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 8 + name))) + 4 + 8;
    }

    private int Length(uint type, int at)
    {
        switch (type)
        {
            case Text:
                return 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            case Array:
                uint element = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));
                long count = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at + 4));
                int length = 12;
                for (long i = 0; i < count; i++) length += Length(element, at + length);
                return length;
            default:
                return type switch { 0 or 1 or 7 => 1, 2 or 3 => 2, 4 or 5 or 6 => 4, _ => 8 };
        }
    }
}
