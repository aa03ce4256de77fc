using Quire.Tensors;

namespace Quire.Kernels.Cpu;

/// <summary>Memory for what lives only inside one operation: rounded activations, partial results. It grows to the largest step once; a steady decode step allocates nothing.</summary>
internal sealed class ScratchMemory : IDisposable
{
    private NativeBuffer buffer = new(0);

    /// <summary>Bytes so far.</summary>
    public long Length => buffer.Length;

    /// <summary>At least this many bytes, aligned to 64; what was there before is gone.</summary>
    public nint Get(long bytes)
    {
        if (buffer.Length < bytes)
        {
            buffer.Dispose();
            buffer = new NativeBuffer(bytes);
        }
        return buffer.Address;
    }

    public void Dispose() => buffer.Dispose();
}
