using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu;

/// <summary>Instructions of this CPU that .NET has no intrinsics for; they are reached by emitted code.</summary>
public static class CpuFeatures
{
    private static readonly (int Ebx, int Ecx, int Edx) Leaf7 = Read(7, 0);
    private static readonly int Leaf7Extra = X86Base.IsSupported && X86Base.CpuId(7, 0).Eax >= 1 ? X86Base.CpuId(7, 1).Eax : 0;

    /// <summary>Machine code can be emitted and run here: x64, and the system lets a process make its own code.</summary>
    public static bool CanEmit { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 && !OperatingSystem.IsMacOS() && Emission.ExecutableMemory.IsAllowed;

    /// <summary>vpdpbusd on 512-bit registers.</summary>
    public static bool Avx512Vnni { get; } = Avx512BW.IsSupported && (Leaf7.Ecx & (1 << 11)) != 0;

    /// <summary>vdpbf16ps on 512-bit registers.</summary>
    public static bool Avx512Bf16 { get; } = Avx512BW.IsSupported && (Leaf7Extra & (1 << 5)) != 0;

    /// <summary>Tile registers with bf16 and int8 products (AMX), and the system lets this process use them.</summary>
    public static bool Amx { get; } = CanEmit && Avx512Vnni && (Leaf7.Edx & AmxBits) == AmxBits && Emission.TilePermission.IsGranted;

    // amx-bf16, amx-tile, amx-int8
    private const int AmxBits = (1 << 22) | (1 << 24) | (1 << 25);

    private static (int Ebx, int Ecx, int Edx) Read(int function, int sub)
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < function) return default;
        (_, int ebx, int ecx, int edx) = X86Base.CpuId(function, sub);
        return (ebx, ecx, edx);
    }
}
