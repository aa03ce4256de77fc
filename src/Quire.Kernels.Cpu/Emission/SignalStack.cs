using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Room for signals on threads that use tile registers. Once a thread has, Linux writes 12 KB of registers onto its alternate stack before the runtime's handler runs; the 16 KB that the
/// runtime gives are then too few, and a null reference or a stack overflow would end the process without a word.</summary>
internal static unsafe class SignalStack
{
    private const nint Bytes = 128 * 1024;
    private const nint GuardBytes = 4096;

    [ThreadStatic]
    private static bool isLarge;

    /// <summary>Gives the calling thread an alternate stack that is large enough, once. The runtime unmaps the stack that it finds when the thread ends.</summary>
    /// <returns>False where the system refuses.</returns>
    public static bool TryEnlarge()
    {
        if (isLarge) return true;
        const int none = 0, readWrite = 3, isPrivate = 2, isAnonymous = 0x20;
        nint address = Map(0, Bytes, readWrite, isPrivate | isAnonymous, -1, 0);
        if (address is -1 or 0) return false;
        var stack = new Stack { Start = address, Size = (nuint)Bytes };
        if (Protect(address, GuardBytes, none) != 0 || SetStack(&stack, null) != 0)
        {
            _ = Unmap(address, Bytes);
            return false;
        }
        return isLarge = true;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Stack
    {
        public nint Start;
        public int Flags;
        public nuint Size;
    }

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "mprotect")]
    private static extern int Protect(nint address, nint length, int protection);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(nint address, nint length);

    [DllImport("libc", EntryPoint = "sigaltstack")]
    private static extern int SetStack(Stack* stack, Stack* old);
}
