using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Quire.Formats;

/// <summary>Names of layers' tensors: <c>blk.3.attn_q.weight</c>.</summary>
public static class GgufLayerName
{
    private const string Start = "blk.";

    /// <param name="name">A tensor's name.</param>
    /// <param name="layer">Its layer.</param>
    /// <param name="own">What stands behind the layer's number.</param>
    /// <returns>False where the tensor is none of a layer.</returns>
    public static bool TrySplit(string name, out int layer, [NotNullWhen(true)] out string? own)
    {
        (layer, own) = (0, null);
        if (!name.StartsWith(Start, StringComparison.Ordinal)) return false;
        int end = name.IndexOf('.', Start.Length);
        if (end < 0 || !int.TryParse(name.AsSpan(Start.Length, end - Start.Length), NumberStyles.None, CultureInfo.InvariantCulture, out layer)) return false;
        own = name[(end + 1)..];
        return true;
    }
}
