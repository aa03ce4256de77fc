using Quire.Formats;

namespace Quire.Models;

/// <summary>Which layers see a window only.</summary>
internal static class LayerKinds
{
    public const string Sliding = "sliding_attention";

    /// <param name="period">Without <c>layer_types</c>, every layer of this number sees everything; 0 is all of them.</param>
    public static bool IsSliding(ModelConfig config, int layer, int period) =>
        config.LayerTypes is { } types && layer < types.Count ? types[layer] == Sliding : period > 0 && (layer + 1) % period != 0;
}
