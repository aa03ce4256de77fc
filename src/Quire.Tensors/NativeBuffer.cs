using System.Runtime.InteropServices;

namespace Quire.Tensors;

/// <summary>Zeroed host memory outside the managed heap, aligned to 64 bytes (a cache line and an AVX-512 vector).</summary>
public sealed unsafe class NativeBuffer : DeviceBuffer
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

    public override long Length { get; }

    public nint Address => (nint)start;

    public override Tensor Tensor(DType type, Shape shape, long offset = 0)
    {
        if (offset < 0 || offset + shape.Count * type.Size() > Length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{type}{shape} at {offset} does not fit into {Length} bytes");
        return new Tensor(Address + (nint)offset, type, shape);
    }

    ~NativeBuffer() => Dispose(false);

    protected override void Dispose(bool disposing)
    {
        if (start == null) return;
        NativeMemory.AlignedFree(start);
        start = null;
        Interlocked.Add(ref allocated, -Length);
    }
}
