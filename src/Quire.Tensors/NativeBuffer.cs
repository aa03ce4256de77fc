using System.Runtime.InteropServices;

namespace Quire.Tensors;

/// <summary>Zeroed host memory outside the managed heap, aligned to 64 bytes (a cache line and an AVX-512 vector).</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private static long allocated;
    private void* start;

    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Length = bytes;
        nuint size = (nuint)((Math.Max(bytes, 1) + 63) & ~63L);
        start = NativeMemory.AlignedAlloc(size, 64);
        NativeMemory.Clear(start, size);
        Interlocked.Add(ref allocated, bytes);
    }

    /// <summary>Bytes of all live buffers of the process.</summary>
    public static long Allocated => Interlocked.Read(ref allocated);

    public long Length { get; }

    public nint Address => (nint)start;

    /// <summary>A view of the bytes from <paramref name="offset"/> on.</summary>
    public Tensor Tensor(DType type, Shape shape, long offset = 0)
    {
        if (offset < 0 || offset + shape.Count * type.Size() > Length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{type}{shape} at {offset} does not fit into {Length} bytes");
        return new Tensor(Address + (nint)offset, type, shape);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    ~NativeBuffer() => Free();

    private void Free()
    {
        if (start == null) return;
        NativeMemory.AlignedFree(start);
        start = null;
        Interlocked.Add(ref allocated, -Length);
    }
}
