using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Tile registers are state of 8 KB a thread that Linux keeps only for processes that ask for it.</summary>
internal static class TilePermission
{
    /// <summary>Asked for once; threads that start later have it too. Other systems are not asked, so tiles stay unused there.</summary>
    public static bool IsGranted { get; } = Request();

    private static bool Request()
    {
        const nint archPrctl = 158, requestPermission = 0x1023, tileData = 18;
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return false;
        try
        {
            return SignalStack.TryEnlarge() && SystemCall(archPrctl, requestPermission, tileData) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "syscall")]
    private static extern nint SystemCall(nint number, nint operation, nint argument);
}
