using System.Runtime.InteropServices;

namespace Quire.Tensors;

/// <summary>Anonymous memory in pages of 2 MB where Linux has them to give: weights are touched five hundred times less often by the page-fault handler when
/// a model loads, and stream through decode without misses of the translation buffer.</summary>
internal sealed class LargePages
{
    private const long PageBytes = 2 << 20;
    private const long WorthIt = 4 * PageBytes;

    private readonly nint mapping;
    private readonly nint mappedBytes;

    private LargePages(nint mapping, nint mappedBytes, nint address) => (this.mapping, this.mappedBytes, Address) = (mapping, mappedBytes, address);

    /// <summary>First byte, at a page's start.</summary>
    public nint Address { get; }

    /// <returns>Null where the system is not Linux, the memory is small, or the system refuses.</returns>
    public static LargePages? TryAllocate(long bytes)
    {
        if (bytes < WorthIt || !OperatingSystem.IsLinux()) return null;
        const int readWrite = 3, privateAnonymous = 0x22, adviseHugePages = 14;
        nint length = (nint)(bytes + PageBytes);
        try
        {
            nint mapping = Map(0, length, readWrite, privateAnonymous, -1, 0);
            if (mapping is -1 or 0) return null;
            nint address = (nint)((mapping + PageBytes - 1) & ~(PageBytes - 1));
            // A kernel without large pages refuses the advice; the memory is good all the same.
            _ = Advise(address, (nint)bytes, adviseHugePages);
            return new LargePages(mapping, length, address);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    public void Free() => _ = Unmap(mapping, mappedBytes);

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(nint address, nint length);

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nint length, int advice);
}
