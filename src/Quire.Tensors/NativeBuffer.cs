using System.Runtime.InteropServices;

namespace Quire.Tensors;

/// <summary>Zeroed host memory outside the managed heap, aligned to 64 bytes (a cache line and an AVX-512 vector).</summary>
public sealed unsafe class NativeBuffer : DeviceBuffer
{
    private const nuint Alignment = 64;

    private static long allocated;
    private readonly LargePages? pages;
    private readonly Slab? slab;
    private void* start;

    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Length = bytes;
        // Either way the system gives zeroed pages when they are touched: a KV pool costs nothing before it is used.
        pages = LargePages.TryAllocate(bytes);
        if (pages is not null)
        {
            Address = pages.Address;
        }
        else if ((slab = Slab.TryAllocate(bytes, out nint address)) is not null)
        {
            Address = address;
        }
        else
        {
            start = NativeMemory.AllocZeroed((nuint)bytes + Alignment);
            Address = (nint)(((nuint)start + Alignment - 1) & ~(Alignment - 1));
        }
        Interlocked.Add(ref allocated, bytes);
    }

    /// <summary>Bytes of all live buffers of the process.</summary>
    public static long Allocated => Interlocked.Read(ref allocated);

    public override long Length { get; }

    /// <summary>First byte; 0 after disposal.</summary>
    public nint Address { get; private set; }

    public override Tensor Tensor(DType type, Shape shape, long offset = 0)
    {
        if (offset < 0 || offset + shape.Count * type.Size() > Length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{type}{shape} at {offset} does not fit into {Length} bytes");
        return new Tensor(Address + (nint)offset, type, shape);
    }

    ~NativeBuffer() => Dispose(false);

    protected override void Dispose(bool disposing)
    {
        if (Address == 0) return;
        if (pages is not null) pages.Free();
        else if (slab is not null) slab.Free();
        else NativeMemory.Free(start);
        start = null;
        Address = 0;
        Interlocked.Add(ref allocated, -Length);
    }
}
