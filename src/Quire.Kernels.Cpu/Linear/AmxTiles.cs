using Quire.Kernels.Cpu.Emission;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The state of a thread's tile registers: set up by whoever multiplies with them, and given back behind.</summary>
internal static unsafe class AmxTiles
{
    private static readonly NativeBuffer Configuration = MakeConfiguration();
    private static readonly nint ConfigureAddress = AmxTileEmitter.Configure().Address, ReleaseAddress = AmxTileEmitter.Release().Address;

    public static void Configure() => ((delegate* unmanaged[SuppressGCTransition]<nint, void>)ConfigureAddress)(Configuration.Address);

    public static void Release() => ((delegate* unmanaged[SuppressGCTransition]<nint, void>)ReleaseAddress)(0);

    private static NativeBuffer MakeConfiguration()
    {
        byte[] bytes = AmxTileEmitter.Configuration();
        var buffer = new NativeBuffer(bytes.Length);
        bytes.CopyTo(new Span<byte>((void*)buffer.Address, bytes.Length));
        return buffer;
    }
}
