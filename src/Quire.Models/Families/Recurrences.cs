using Quire.Formats;

namespace Quire.Models;

/// <summary>What configurations of recurrent layers have in common, within bounds that kernels keep on a stack.</summary>
internal static class Recurrences
{
    private const int MaxKernel = 64;
    private const int MaxHeadSize = 1024;

    /// <summary>Tokens that a convolution reads.</summary>
    public static int Kernel(ModelConfig config, string key, int byDefault)
    {
        int kernel = config.OptionalInt(key, 2) ?? byDefault;
        return kernel <= MaxKernel ? kernel : throw config.Bad(key, $"is {kernel}; convolutions over up to {MaxKernel} tokens are supported");
    }

    public static void Check(ModelConfig config, string key, int headSize)
    {
        if (headSize > MaxHeadSize) throw config.Bad(key, $"is {headSize}; heads of up to {MaxHeadSize} are supported");
    }

    /// <summary>What <c>layer_types</c> says of a layer; null where it says nothing.</summary>
    public static bool? IsRecurrent(ModelConfig config, int layer, string recurrent)
    {
        if (config.LayerTypes is not { } types) return null;
        if (layer >= types.Count) throw config.Bad("layer_types", $"has {types.Count} entries and none for layer {layer}");
        return types[layer] == recurrent || (types[layer] == "full_attention" ? false : throw config.Bad("layer_types", $"names {types[layer]}; {recurrent} and full_attention are supported"));
    }
}
