using Quire.Kernels.Cpu.Emission;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The state of a thread's tile registers: set up by whoever multiplies with them, and given back behind.</summary>
internal static unsafe class AmxTiles
{
    private static readonly NativeBuffer Bf16 = Copy(AmxTileEmitter.Configuration()), Int8 = Copy(AmxIntegerEmitter.Configuration());
    private static readonly nint ConfigureAddress = AmxTileEmitter.Configure().Address, ReleaseAddress = AmxTileEmitter.Release().Address;

    public static void ConfigureBf16() => Configure(Bf16);

    public static void ConfigureInt8() => Configure(Int8);

    public static void Release() => ((delegate* unmanaged[SuppressGCTransition]<nint, void>)ReleaseAddress)(0);

    private static void Configure(NativeBuffer configuration) => ((delegate* unmanaged[SuppressGCTransition]<nint, void>)ConfigureAddress)(configuration.Address);

    private static NativeBuffer Copy(byte[] configuration)
    {
        var buffer = new NativeBuffer(configuration.Length);
        configuration.CopyTo(new Span<byte>((void*)buffer.Address, configuration.Length));
        return buffer;
    }
}
