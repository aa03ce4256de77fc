using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// An array of metadata, checked to lie inside the file, its elements decoded when asked for: vocabularies are large and often not needed.
/// </summary>
public sealed class GgufArray
{
    private readonly MappedFile map;
    private readonly string key;
    private readonly long offset;
    private readonly int depth;

    private GgufArray(MappedFile map, string key, GgufValueType elementType, long count, long offset, int depth)
    {
        this.map = map;
        this.key = key;
        this.offset = offset;
        this.depth = depth;
        ElementType = elementType;
        Count = count;
    }

    public GgufValueType ElementType { get; }

    public long Count { get; }

    internal static GgufArray Read(MappedFile map, GgufCursor cursor, string key, int depth)
    {
        if (depth > GgufValue.MaxDepth)
            throw QuireException.BadFile(map.Path, $"{key} is an array nested deeper than {GgufValue.MaxDepth}");
        var type = (GgufValueType)cursor.U32(key);
        if (!type.IsKnown()) throw QuireException.BadFile(map.Path, $"{key} is an array of the unknown value type {(uint)type}");

        // A string is at least its length, an array at least its type and length.
        int least = type switch { GgufValueType.String => 8, GgufValueType.Array => 12, _ => type.Size() };
        long count = cursor.Count(key, "array elements", least);
        if (count > Array.MaxLength)
            throw QuireException.BadFile(map.Path, $"{key} is an array of {count} elements; up to {Array.MaxLength} are supported");

        long offset = cursor.Position;
        if (type == GgufValueType.String)
            for (long i = 0; i < count; i++) cursor.SkipString(key);
        else if (type == GgufValueType.Array)
            for (long i = 0; i < count; i++) _ = Read(map, cursor, key, depth + 1);
        else
            cursor.Skip(count * type.Size(), key);
        return new GgufArray(map, key, type, count, offset, depth);
    }

    /// <exception cref="QuireException">The elements are not strings, or one is not UTF-8.</exception>
    public string[] ToStrings()
    {
        if (ElementType != GgufValueType.String) throw Wrong("strings");
        var cursor = new GgufCursor(map, offset);
        var strings = new string[Count];
        for (int i = 0; i < strings.Length; i++) strings[i] = cursor.String(key);
        return strings;
    }

    /// <exception cref="QuireException">The elements are not integers.</exception>
    public long[] ToIntegers()
    {
        if (!ElementType.IsInteger()) throw Wrong("integers");
        int size = ElementType.Size();
        var integers = new long[Count];
        for (int i = 0; i < integers.Length; i++) integers[i] = GgufValue.Integer(map, key, ElementType, offset + ((long)i * size));
        return integers;
    }

    /// <exception cref="QuireException">The elements are not numbers.</exception>
    public double[] ToNumbers()
    {
        if (!ElementType.IsInteger() && !ElementType.IsFloat()) throw Wrong("numbers");
        int size = ElementType.Size();
        var numbers = new double[Count];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = GgufValue.Number(map, key, ElementType, offset + ((long)i * size));
        return numbers;
    }

    /// <exception cref="QuireException">The elements are not booleans.</exception>
    public bool[] ToBools()
    {
        if (ElementType != GgufValueType.Bool) throw Wrong("booleans");
        var bools = new bool[Count];
        for (int i = 0; i < bools.Length; i++) bools[i] = map.Span(offset + i, 1)[0] != 0;
        return bools;
    }

    /// <exception cref="QuireException">The elements are not arrays.</exception>
    public GgufArray[] ToArrays()
    {
        if (ElementType != GgufValueType.Array) throw Wrong("arrays");
        var cursor = new GgufCursor(map, offset);
        var arrays = new GgufArray[Count];
        for (int i = 0; i < arrays.Length; i++) arrays[i] = Read(map, cursor, key, depth + 1);
        return arrays;
    }

    private QuireException Wrong(string expected) => QuireException.BadFile(map.Path, $"{key} must hold {expected}, not {ElementType}");
}
