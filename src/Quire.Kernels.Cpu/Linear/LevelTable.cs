using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The numbers of <see cref="CodeType.Levels4"/>: 16 f32, then, where they are whole, 16 bytes that are 128 more, as in <see cref="CodeType.Bits8"/>; then all of them twice, rounded to bf16.</summary>
internal static unsafe class LevelTable
{
    public const int Levels = 16;

    public const int BytesOffset = Levels * sizeof(float);

    public const int WordsOffset = BytesOffset + Levels;

    /// <summary>True for whole numbers that fit bytes.</summary>
    public static bool AreWhole(IReadOnlyList<float> levels) => levels.All(level => level == MathF.Round(level) && level is >= -128 and <= 127);

    public static NativeBuffer Create(IReadOnlyList<float> levels)
    {
        var buffer = new NativeBuffer(WordsOffset + (2 * Levels * sizeof(ushort)));
        bool areWhole = AreWhole(levels);
        for (int i = 0; i < Levels; i++)
        {
            ((float*)buffer.Address)[i] = levels[i];
            if (areWhole) ((byte*)buffer.Address + BytesOffset)[i] = (byte)((int)levels[i] + 128);
            ushort* words = (ushort*)(buffer.Address + WordsOffset);
            words[i] = words[Levels + i] = Packing.RoundToBf16(levels[i]);
        }
        return buffer;
    }
}
