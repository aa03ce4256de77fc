using Quire.Tensors;

namespace Quire.Models;

/// <summary>The part of a layer in which tokens of a sequence meet.</summary>
internal interface ITokenMixer
{
    /// <summary>output = residual + what the mixer makes of <paramref name="input"/>.</summary>
    /// <param name="output">May be the residual or the input.</param>
    /// <param name="residual">Empty adds nothing.</param>
    void Forward(IDevice device, Workspace workspace, Tensor output, Tensor input, Tensor residual, in LayerMemory memory, Tensor adapterSlots);
}
