using System.Collections.Concurrent;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Emission;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The emitted widening of formats that differ in nothing but what levels stand for.</summary>
internal sealed unsafe class EmittedWidening
{
    private static readonly ConcurrentDictionary<PackedFormat, EmittedWidening> Known = new();
    private static readonly NativeBuffer Constants = MakeConstants();

    private readonly nint function;

    private EmittedWidening(PackedFormat format) => function = WideningEmitter.Emit(format).Address;

    /// <summary>Null where the format or this CPU has none.</summary>
    public static EmittedWidening? Of(PackedFormat format) =>
        CpuFeatures.CanEmit && CpuFeatures.Avx512Bf16 && (format.HasNibbles || Avx512Vbmi.IsSupported) && WideningEmitter.Has(format) ? Known.GetOrAdd(format with { Levels = 0 }, key => new EmittedWidening(key)) : null;

    /// <inheritdoc cref="Widening{T}.WidenToBf16"/>
    public void Widen(PackedFormat format, byte* tile, int first, int count, ushort* rounded)
    {
        nint numbers = format.Codes == CodeType.Levels4 ? format.Levels : Constants.Address + ((format.Offset == OffsetType.Middle ? 1 : 2) * 64);
        int perHeader = format.GroupSize / Packing.Group, group = first / Packing.Group, left = (count + Packing.Group - 1) / Packing.Group;
        while (left > 0)
        {
            // Whole headers at once; parts of one by themselves.
            int under = group % perHeader, headers = under == 0 ? left / perHeader : 0;
            int groups = headers > 0 ? perHeader : Math.Min(left, perHeader - under);
            byte* header = tile + ((long)(group / perHeader) * (format.HeaderBytes + (perHeader * format.CodeBytes)));
            var arguments = new WideningArguments
            {
                Headers = header,
                Codes = header + format.HeaderBytes + (under * format.CodeBytes),
                GroupsPerHeader = groups,
                HeadersLeft = Math.Max(1, headers),
                To = rounded,
                Numbers = (float*)numbers,
                Interleave = (ushort*)Constants.Address,
                Columns = (uint*)(Constants.Address + (3 * 64)),
                Bytes = (uint*)(Constants.Address + ((format.Codes == CodeType.Float8 ? 11 : 5) * 64)),
            };
            ((delegate* unmanaged[SuppressGCTransition]<WideningArguments*, void>)function)(&arguments);
            int done = groups * Math.Max(1, headers);
            group += done;
            left -= done;
            rounded += done * Packing.Group * Packing.Columns;
        }
    }

    // The order of words; the numbers of nibbles around their middle, and from 0; the two orders of columns; those of bytes, and of float8.
    private static NativeBuffer MakeConstants()
    {
        var buffer = new NativeBuffer(17 * 64);
        for (int i = 0; i < 16; i++)
        {
            ((ushort*)buffer.Address)[2 * i] = (ushort)i;
            ((ushort*)buffer.Address)[(2 * i) + 1] = (ushort)(16 + i);
            ((float*)buffer.Address)[16 + i] = i - 8;
            ((float*)buffer.Address)[32 + i] = i;
            ((uint*)buffer.Address)[48 + i] = (uint)((i % 8 * 4) + (i / 8));
            ((uint*)buffer.Address)[64 + i] = (uint)((i % 8 * 4) + (i / 8) + 2);
            for (int half = 0; half < 2; half++)
            {
                ((uint*)buffer.Address)[80 + (16 * half) + i] = (uint)((8 * half) + (i / 2));
                for (int pair = 0; pair < 2; pair++) ((uint*)buffer.Address)[112 + (16 * ((2 * pair) + half)) + i] = (uint)((32 * half) + (i / 2 * 4) + (i % 2) + (2 * pair));
            }
        }
        for (int i = 0; i < 6 * 16; i++)
        {
            uint order = ((uint*)buffer.Address)[80 + i];
            ((uint*)buffer.Address)[176 + i] = i < 2 * 16 ? order : order << 24;
        }
        return buffer;
    }
}
