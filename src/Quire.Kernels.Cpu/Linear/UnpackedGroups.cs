namespace Quire.Kernels.Cpu.Linear;

/// <summary>Groups of 32 inputs of any coded tile in one form, for products in tile registers: { scales[16] f32, minima[16] f32 where there are any, codes }, codes
/// laid out as <see cref="CodeType.Bits8"/>: unsigned where there are minima, else signed with the middle taken off.</summary>
internal static class UnpackedGroups
{
    private const int CodeBytes = Packing.Group * Packing.Columns;

    /// <summary>Formats whose groups of 32 have one scale.</summary>
    public static bool Has(PackedFormat format) => format.HasIntegerProduct && format.GroupSize >= Packing.Group;

    public static int HeaderBytes(bool hasMinima) => (hasMinima ? 2 : 1) * Packing.Columns * sizeof(float);

    /// <summary>Bytes of a record.</summary>
    public static int Bytes(bool hasMinima) => HeaderBytes(hasMinima) + CodeBytes;
}
