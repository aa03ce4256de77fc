using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>The order that makes groups contiguous where a checkpoint gives every input its group (act-order).</summary>
internal static class InputGroups
{
    /// <summary>Null where inputs already stand in the order of their groups.</summary>
    /// <param name="tensor">[inputs] i32: the group of each input.</param>
    /// <exception cref="QuireException">A group does not exist, or groups have other sizes than the group size.</exception>
    public static int[]? Order(CheckpointTensor tensor, int groups, int groupSize)
    {
        ReadOnlySpan<int> groupOf = MemoryMarshal.Cast<byte, int>(tensor.Bytes.AsSpan<byte>());
        var counts = new int[groups];
        bool isSorted = true;
        for (int k = 0; k < groupOf.Length; k++)
        {
            if ((uint)groupOf[k] >= (uint)groups) throw QuireException.BadFile(tensor.File, $"{tensor.Name} puts input {k} into group {groupOf[k]}; there are {groups}");
            counts[groupOf[k]]++;
            isSorted &= groupOf[k] == k / groupSize;
        }
        if (isSorted) return null;
        for (int group = 0; group < groups; group++)
        {
            int size = Math.Min(groupSize, groupOf.Length - (group * groupSize));
            if (counts[group] != size) throw QuireException.BadFile(tensor.File, $"{tensor.Name} gives group {group} {counts[group]} inputs; {size} were expected");
        }
        int[] groupCopy = groupOf.ToArray();
        return [.. Enumerable.Range(0, groupCopy.Length).OrderBy(k => groupCopy[k])];
    }
}
