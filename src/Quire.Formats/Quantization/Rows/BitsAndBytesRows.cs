using System.Text.Json;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>bitsandbytes of 4 bits: codes of a table, high nibble first, with a scale for each block of the flattened matrix; scales may be quantised themselves.</summary>
internal sealed class BitsAndBytesRows : IWeightRows
{
    private readonly CheckpointTensor weights;
    private readonly float[] scales;
    private readonly float[] levels;
    private readonly int block;

    private BitsAndBytesRows(string name, CheckpointTensor weights, float[] scales, float[] levels, int block, long outputs, long inputs)
    {
        (this.weights, this.scales, this.levels, this.block) = (weights, scales, levels, block);
        Name = $"{name} in {weights.File}";
        Shape = new Shape(outputs, inputs);
        // A block that goes on in the next row is no group of one.
        if (inputs % block == 0) Coding = new CodedLayout(CodeKind.Level, block, DType.F32) { Levels = levels };
    }

    public string Name { get; }

    public Shape Shape { get; }

    public WeightFormat Format => Coding is null ? WeightFormat.Other : WeightFormat.Coded;

    public CodedLayout? Coding { get; }

    /// <param name="stateName">End of the name of the settings: <c>weight.quant_state.bitsandbytes__nf4</c>.</param>
    public static BitsAndBytesRows Open(ModuleTensors module, string stateName, long outputs, long inputs)
    {
        string what = $"bitsandbytes of 4 bits for [{outputs}, {inputs}]";
        CheckpointTensor stateTensor = module.Get(stateName, what);
        ConfigObject state = new(stateTensor.File, stateTensor.Name, JsonFile.ParseObject(stateTensor.File, stateTensor.Bytes.AsSpan<byte>().ToArray()));
        int block = state.Int("blocksize", 1);
        long count = outputs * inputs, blocks = (count + block - 1) / block;
        IReadOnlyList<int> shape = state.Ints("shape");
        if (shape.Count != 2 || shape[0] != outputs || shape[1] != inputs) throw state.Bad("shape", $"is [{string.Join(", ", shape)}]; [{outputs}, {inputs}] was expected");
        CheckpointTensor weights = module.Get("weight", what, DType.U8, (count + 1) / 2, 1);
        float[] levels = module.Numbers("weight.quant_map", what, 16).Values;
        return new BitsAndBytesRows(module.Name, weights, Scales(module, state, what, blocks), levels, block, outputs, inputs);
    }

    public void Read(long row, Span<float> values)
    {
        for (int k = 0; k < values.Length; k++)
        {
            long at = (row * values.Length) + k;
            values[k] = levels[Code(at)] * scales[at / block];
        }
    }

    public void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
    {
        for (int k = 0; k < codes.Length; k++) codes[k] = Code((row * codes.Length) + k);
        this.scales.AsSpan((int)(row * scales.Length), scales.Length).CopyTo(scales);
    }

    public ReadOnlySpan<byte> Raw(long row) => throw new NotSupportedException($"{Name} is read by codes");

    private byte Code(long at)
    {
        byte two = weights.Bytes.AsSpan<byte>()[(int)(at / 2)];
        return (byte)(at % 2 == 0 ? two >> 4 : two & 15);
    }

    private static float[] Scales(ModuleTensors module, ConfigObject state, string what, long blocks)
    {
        if (!state.Has("nested_blocksize")) return module.Numbers("weight.absmax", what, blocks).Values;
        int nestedBlock = state.Int("nested_blocksize", 1);
        float offset = (float)state.Double("nested_offset");
        ReadOnlySpan<byte> codes = module.Get("weight.absmax", what, DType.U8, blocks).Bytes.AsSpan<byte>();
        float[] levels = module.Numbers("weight.nested_quant_map", what, 256).Values;
        float[] nested = module.Numbers("weight.nested_absmax", what, (blocks + nestedBlock - 1) / nestedBlock).Values;
        var scales = new float[blocks];
        for (int i = 0; i < scales.Length; i++)
        {
            float product = levels[codes[i]] * nested[i / nestedBlock];
            scales[i] = product + offset;
        }
        return scales;
    }
}
