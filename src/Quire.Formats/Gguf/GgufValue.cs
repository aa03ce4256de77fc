using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>One metadata value, decoded from the mapping when asked for. Valid until the file is disposed.</summary>
public sealed class GgufValue
{
    /// <summary>Arrays in arrays are rare and shallow; the limit keeps a crafted file from exhausting the stack.</summary>
    internal const int MaxDepth = 8;

    private readonly MappedFile map;
    private readonly long offset;
    private readonly GgufArray? array;

    private GgufValue(MappedFile map, string key, GgufValueType type, long offset, GgufArray? array)
    {
        this.map = map;
        this.offset = offset;
        this.array = array;
        Key = key;
        Type = type;
    }

    public string Key { get; }

    public GgufValueType Type { get; }

    /// <summary>Reads the value's type and steps over the value, which must lie inside the file.</summary>
    internal static GgufValue Read(MappedFile map, GgufCursor cursor, string key)
    {
        var type = (GgufValueType)cursor.U32(key);
        if (!type.IsKnown()) throw QuireException.BadFile(map.Path, $"{key} has the unknown value type {(uint)type}");
        long offset = cursor.Position;
        GgufArray? array = null;
        if (type == GgufValueType.Array) array = GgufArray.Read(map, cursor, key, 1);
        else if (type == GgufValueType.String) _ = cursor.String(key);
        else cursor.Skip(type.Size(), key);
        return new GgufValue(map, key, type, offset, array);
    }

    /// <summary>Any integer type.</summary>
    /// <exception cref="QuireException">Not an integer, or above 2^63 - 1.</exception>
    public long AsInteger() => Type.IsInteger() ? Integer(map, Key, Type, offset) : throw Wrong("an integer");

    /// <summary>Any integer or floating-point type.</summary>
    /// <exception cref="QuireException">Not a number.</exception>
    public double AsNumber() => Type.IsInteger() || Type.IsFloat() ? Number(map, Key, Type, offset) : throw Wrong("a number");

    /// <summary>Any byte but zero is true.</summary>
    /// <exception cref="QuireException">Not a boolean.</exception>
    public bool AsBool() => Type == GgufValueType.Bool ? map.Span(offset, 1)[0] != 0 : throw Wrong("a boolean");

    /// <exception cref="QuireException">Not a string.</exception>
    public string AsString() => Type == GgufValueType.String ? new GgufCursor(map, offset).String(Key) : throw Wrong("a string");

    /// <exception cref="QuireException">Not an array.</exception>
    public GgufArray AsArray() => array ?? throw Wrong("an array");

    internal static long Integer(MappedFile map, string key, GgufValueType type, long offset)
    {
        ReadOnlySpan<byte> bytes = map.Span(offset, type.Size());
        return type switch
        {
            GgufValueType.UInt8 => bytes[0],
            GgufValueType.Int8 => (sbyte)bytes[0],
            GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            GgufValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes) is var large && large <= long.MaxValue
                ? (long)large
                : throw QuireException.BadFile(map.Path, $"{key} is {large}, which is too large"),
        };
    }

    internal static double Number(MappedFile map, string key, GgufValueType type, long offset) => type switch
    {
        GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(map.Span(offset, 4)),
        GgufValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(map.Span(offset, 8)),
        _ => Integer(map, key, type, offset),
    };

    private QuireException Wrong(string expected) => QuireException.BadFile(map.Path, $"{Key} must be {expected}, not of type {Type}");

    public override string ToString() => $"{Key}: {Type}";
}
