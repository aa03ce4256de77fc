using Quire.Tensors;

namespace Quire.Models;

/// <summary>An adapter's updates on a device, ready for any slot.</summary>
public sealed class LoadedAdapter : IDisposable
{
    private readonly Dictionary<(LoraTarget, int), PreparedLora> updates;

    internal LoadedAdapter(Dictionary<(LoraTarget, int), PreparedLora> updates, int maxRank) => (this.updates, MaxRank) = (updates, maxRank);

    public int MaxRank { get; }

    /// <summary>Device memory.</summary>
    public long ByteCount => updates.Values.Sum(update => update.ByteCount);

    /// <summary>What it adds to a product, or null.</summary>
    public PreparedLora? Update(LoraTarget target, int layer) => updates.GetValueOrDefault((target, layer));

    public void Dispose()
    {
        foreach (PreparedLora update in updates.Values) update.Dispose();
    }
}
