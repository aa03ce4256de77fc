using Quire.Tensors;

namespace Quire.Formats;

/// <summary>Reads the list of tensors and checks that each has a sane shape, a known type and bytes of its own inside the file.</summary>
internal sealed class GgufTensorList
{
    private const int MaxDimensions = 4;

    private readonly string file;

    private GgufTensorList(string file) => this.file = file;

    public long DataOffset { get; private set; }

    public Dictionary<string, GgufTensor> Tensors { get; } = [];

    /// <summary>In file order.</summary>
    public List<string> Names { get; } = [];

    private sealed record Entry(string Name, GgmlType Type, long[] Dimensions, long Offset, long ByteCount);

    /// <param name="cursor">On the first tensor.</param>
    public static GgufTensorList Read(MappedFile map, GgufCursor cursor, long count, int alignment)
    {
        var list = new GgufTensorList(map.Path);
        var entries = new List<Entry>();
        for (long i = 0; i < count; i++) entries.Add(list.ReadEntry(cursor, i, alignment));

        list.DataOffset = (cursor.Position + alignment - 1) & -(long)alignment;
        list.CheckPlaces(entries, Math.Max(0, map.Length - list.DataOffset));
        foreach (Entry entry in entries)
        {
            var tensor = new GgufTensor(map, entry.Name, entry.Type, entry.Dimensions, entry.Offset, list.DataOffset + entry.Offset, entry.ByteCount);
            if (!list.Tensors.TryAdd(entry.Name, tensor)) throw QuireException.BadFile(map.Path, $"the tensor {entry.Name} appears twice");
            list.Names.Add(entry.Name);
        }

        return list;
    }

    private Entry ReadEntry(GgufCursor cursor, long index, int alignment)
    {
        string name = cursor.String($"the name of tensor {index}");
        uint rank = cursor.U32($"tensor {name}");
        if (rank > MaxDimensions)
            throw QuireException.BadFile(file, $"tensor {name} has {rank} dimensions; up to {MaxDimensions} were expected");
        var dimensions = new long[rank];
        for (int i = 0; i < rank; i++)
        {
            ulong dimension = cursor.U64($"tensor {name}");
            if (dimension is 0 or > long.MaxValue)
                throw QuireException.BadFile(file, $"tensor {name}: dimension {i} is {(long)dimension}; a positive number was expected");
            dimensions[i] = (long)dimension;
        }

        uint typeNumber = cursor.U32($"tensor {name}");
        var type = (GgmlType)typeNumber;
        if (!type.IsKnown()) throw QuireException.BadFile(file, $"tensor {name} has ggml type {typeNumber}, which is removed or unknown");
        long bytes = ByteCount(name, type, dimensions);

        ulong offset = cursor.U64($"tensor {name}");
        if (offset % (ulong)alignment != 0)
            throw QuireException.BadFile(file, $"tensor {name} begins at {offset}, which is no multiple of the alignment {alignment}");
        if (offset > long.MaxValue) throw QuireException.BadFile(file, $"tensor {name} begins at {offset}, beyond the end of any file");
        return new Entry(name, type, dimensions, (long)offset, bytes);
    }

    private long ByteCount(string name, GgmlType type, long[] dimensions)
    {
        long row = dimensions.Length > 0 ? dimensions[0] : 1;
        if (row % type.BlockSize() != 0)
            throw QuireException.BadFile(file,
                $"tensor {name}: a row of {row} elements is no whole number of {type} blocks of {type.BlockSize()}");
        UInt128 bytes = (UInt128)(row / type.BlockSize()) * (UInt128)type.BlockBytes();
        UInt128 elements = (UInt128)row;
        for (int i = 1; i < dimensions.Length; i++)
        {
            bytes *= (UInt128)dimensions[i];
            elements *= (UInt128)dimensions[i];
            if (bytes > long.MaxValue || elements > long.MaxValue) break;
        }

        return bytes <= long.MaxValue && elements <= long.MaxValue
            ? (long)bytes
            : throw QuireException.BadFile(file, $"tensor {name}: [{string.Join(", ", dimensions)}] elements are more than any file holds");
    }

    private void CheckPlaces(List<Entry> entries, long dataBytes)
    {
        Entry[] inOrder = [.. entries];
        Array.Sort(inOrder, (a, b) => a.Offset.CompareTo(b.Offset));
        long end = 0;
        foreach (Entry entry in inOrder)
        {
            if (entry.Offset < end)
                throw QuireException.BadFile(file,
                    $"tensor {entry.Name} at {entry.Offset} overlaps the tensor before it, which ends at {end}");
            if (entry.Offset > dataBytes - entry.ByteCount)
                throw QuireException.BadFile(file,
                    $"tensor {entry.Name} needs bytes {entry.Offset} + {entry.ByteCount} of the data, which has {dataBytes}; cut off while downloading?");
            end = entry.Offset + entry.ByteCount;
        }
    }
}
