using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>A matrix of random codes, scales and zeros.</summary>
/// <param name="onlyLowest">All codes are 0.</param>
internal sealed class RandomCodes : IWeightRows
{
    private readonly byte[] codes, zeros;
    private readonly float[] scales;

    public RandomCodes(int outputs, int inputs, CodedLayout coding, int seed, bool onlyLowest = false)
    {
        Shape = new Shape(outputs, inputs);
        Coding = coding;
        var random = new Random(seed);
        int numbers = coding.Kind is CodeKind.Unsigned4 or CodeKind.Level ? 16 : 256;
        codes = new byte[outputs * inputs];
        for (int i = 0; i < codes.Length && !onlyLowest; i++) codes[i] = (byte)random.Next(numbers);
        // Those of float8 that are no numbers.
        if (coding.Kind == CodeKind.E4M3)
            for (int i = 0; i < codes.Length; i++) if ((codes[i] & 0x7f) == 0x7f) codes[i] = 0;
        scales = new float[outputs * coding.Groups(inputs)];
        zeros = new byte[scales.Length];
        for (int i = 0; i < scales.Length; i++) (scales[i], zeros[i]) = (Stored((float)random.NextDouble() + 0.1f), coding.HasZeros ? (byte)random.Next(numbers) : (byte)0);
    }

    public string Name => "codes";

    public Shape Shape { get; }

    public WeightFormat Format => WeightFormat.Coded;

    public CodedLayout Coding { get; }

    public byte Code(int row, int k) => codes[(row * Shape[1]) + k];

    public float Scale(int row, int group) => scales[(row * Coding.Groups(Shape[1])) + group];

    public byte Zero(int row, int group) => zeros[(row * Coding.Groups(Shape[1])) + group];

    public ReadOnlySpan<byte> Raw(long row) => throw new NotSupportedException();

    public void Read(long row, Span<float> values) => throw new NotSupportedException();

    public void ReadCodes(long row, Span<byte> to, Span<float> scale, Span<byte> zero)
    {
        codes.AsSpan((int)(row * Shape[1]), (int)Shape[1]).CopyTo(to);
        int groups = Coding.Groups(Shape[1]);
        scales.AsSpan((int)row * groups, groups).CopyTo(scale);
        zeros.AsSpan((int)row * groups, groups).CopyTo(zero);
    }

    private float Stored(float scale) => Coding.ScaleType switch
    {
        DType.F16 => (float)(Half)scale,
        DType.BF16 => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(scale) & 0xffff0000),
        _ => scale,
    };
}
