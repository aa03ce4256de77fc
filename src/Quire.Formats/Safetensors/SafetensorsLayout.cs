namespace Quire.Formats;

/// <summary>The format's promise about the data section: every byte belongs to exactly one tensor.</summary>
internal static class SafetensorsLayout
{
    public static void Check(string file, IReadOnlyList<SafetensorsHeader.Entry> tensors, long dataBytes)
    {
        SafetensorsHeader.Entry[] inOrder = [.. tensors];
        // Empty tensors first where two begin together: they end where they begin.
        Array.Sort(inOrder, (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));

        long end = 0;
        foreach (SafetensorsHeader.Entry tensor in inOrder)
        {
            CheckSize(file, tensor);
            if (tensor.End > dataBytes)
                throw QuireException.BadFile(file,
                    $"tensor {tensor.Name} ends at byte {tensor.End} of the data, which has {dataBytes}; cut off while downloading?");
            if (tensor.Begin != end)
            {
                string where = tensor.Begin < end ? "inside another tensor" : "after a hole";
                throw QuireException.BadFile(file, $"tensor {tensor.Name} begins at byte {tensor.Begin} of the data, {where}; {end} was expected");
            }

            end = tensor.End;
        }

        if (end != dataBytes) throw QuireException.BadFile(file, $"{dataBytes - end} bytes after the last tensor belong to none");
    }

    private static void CheckSize(string file, SafetensorsHeader.Entry tensor)
    {
        UInt128 bits = (UInt128)tensor.Type.Bits;
        foreach (long dimension in tensor.Dimensions)
        {
            bits *= (UInt128)dimension;
            if (bits > long.MaxValue)
                throw QuireException.BadFile(file,
                    $"tensor {tensor.Name}: its shape [{string.Join(", ", tensor.Dimensions)}] is larger than any file");
        }

        if (tensor.Begin > tensor.End)
            throw QuireException.BadFile(file, $"tensor {tensor.Name} ends ({tensor.End}) before it begins ({tensor.Begin})");
        if (bits != (UInt128)(tensor.End - tensor.Begin) * 8)
            throw QuireException.BadFile(file,
                $"tensor {tensor.Name}: {tensor.Type}[{string.Join(", ", tensor.Dimensions)}] needs {(double)bits / 8} bytes, its offsets give {tensor.End - tensor.Begin}");
    }
}
