using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Pages that hold emitted code: written once, then readable and executable, never both writable and executable.</summary>
internal static unsafe class ExecutableMemory
{
    /// <summary>False where the system forbids it (hardened kernels, some containers): the intrinsics kernels run instead.</summary>
    public static bool IsAllowed { get; } = Try();

    /// <returns>The code's address; it lives as long as the process.</returns>
    public static nint Publish(ReadOnlySpan<byte> code)
    {
        nint address = OperatingSystem.IsWindows() ? PublishWindows(code) : PublishUnix(code);
        return address != 0 ? address : throw new InvalidOperationException("the system does not allow executable memory");
    }

    private static bool Try()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return false;
        try
        {
            return Publish([0xc3]) != 0; // ret
        }
        catch (Exception e) when (e is InvalidOperationException or DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    private static nint PublishUnix(ReadOnlySpan<byte> code)
    {
        const int read = 1, write = 2, execute = 4, isPrivate = 2, isAnonymous = 0x20;
        nint address = Map(0, code.Length, read | write, isPrivate | isAnonymous, -1, 0);
        if (address is -1 or 0) return 0;
        code.CopyTo(new Span<byte>((void*)address, code.Length));
        return Protect(address, code.Length, read | execute) == 0 ? address : 0;
    }

    private static nint PublishWindows(ReadOnlySpan<byte> code)
    {
        const uint commitReserve = 0x3000, readWrite = 4, executeRead = 0x20;
        nint address = VirtualAlloc(0, (nuint)code.Length, commitReserve, readWrite);
        if (address == 0) return 0;
        code.CopyTo(new Span<byte>((void*)address, code.Length));
        return VirtualProtect(address, (nuint)code.Length, executeRead, out _) ? address : 0;
    }

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "mprotect")]
    private static extern int Protect(nint address, nint length, int protection);

    [DllImport("kernel32", ExactSpelling = true)]
    private static extern nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

    [DllImport("kernel32", ExactSpelling = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool VirtualProtect(nint address, nuint size, uint protection, out uint old);
}
