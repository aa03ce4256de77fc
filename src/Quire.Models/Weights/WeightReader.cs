using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Finds a spec's weights in a checkpoint, checks their shapes against the configuration, and gives them to the device.</summary>
internal sealed class WeightReader(Checkpoint checkpoint, WeightMap names, IDevice device)
{
    private readonly List<IDisposable> owned = [];

    /// <summary>Device memory of everything read so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Buffers and weights made so far, to be disposed with the model.</summary>
    public IReadOnlyList<IDisposable> Owned => owned;

    public bool Has(WeightPart part, int layer = 0) => checkpoint.TryGet(names.Name(part, layer), out _);

    /// <summary>The matrix of a part, [outputs, inputs].</summary>
    /// <exception cref="QuireException">It is missing or has another shape.</exception>
    public IWeightRows Rows(WeightPart part, int layer, long outputs, long inputs) => new StoredRows(Find(part, layer, outputs, inputs));

    /// <summary>The same for query and key, whose rows GGUF's Llama files store permuted.</summary>
    public IWeightRows RotatedRows(WeightPart part, int layer, long outputs, long inputs, int headSize) =>
        checkpoint.Config.RopeInterleavedRows ? new HalfSplitRows(Rows(part, layer, outputs, inputs), headSize) : Rows(part, layer, outputs, inputs);

    public PreparedLinear Prepare(IWeightRows rows)
    {
        PreparedLinear weight = device.Prepare(rows);
        owned.Add(weight);
        Bytes += weight.ByteCount;
        return weight;
    }

    /// <summary>Vectors behind each other as one f32 tensor on the device: a norm's weight, the biases of stacked projections.</summary>
    public Tensor Vector(int layer, params ReadOnlySpan<(WeightPart Part, int Length)> parts)
    {
        long length = 0;
        foreach ((_, int count) in parts) length += count;
        var values = new float[length];
        int start = 0;
        foreach ((WeightPart part, int count) in parts)
        {
            CheckpointTensor tensor = Find(part, layer, 1, count);
            Span<float> vector = values.AsSpan(start, count);
            tensor.ReadRows(0, tensor.Shape.Rows, vector);
            if (part is (WeightPart.QueryBias or WeightPart.KeyBias) && checkpoint.Config.RopeInterleavedRows) HalfSplit(vector);
            start += count;
        }
        return Upload(values, new Shape(length));
    }

    public Tensor Upload(ReadOnlySpan<float> values, Shape shape)
    {
        DeviceBuffer buffer = device.Allocate(values.Length * 4L);
        owned.Add(buffer);
        Bytes += buffer.Length;
        Tensor tensor = buffer.Tensor(DType.F32, shape);
        device.Write(tensor, values);
        return tensor;
    }

    // The biases of rotated rows are permuted as the rows are, see HalfSplitRows.
    private void HalfSplit(Span<float> vector)
    {
        int headSize = checkpoint.Config.OptionalInt("head_dim") ?? checkpoint.Config.Int("hidden_size") / checkpoint.Config.Int("num_attention_heads");
        float[] stored = vector.ToArray();
        for (int row = 0; row < vector.Length; row++) vector[row] = stored[HalfSplitRows.Stored(row, headSize)];
    }

    private CheckpointTensor Find(WeightPart part, int layer, long outputs, long inputs)
    {
        string name = names.Name(part, layer);
        if (!checkpoint.TryGet(name, out CheckpointTensor? tensor))
            throw QuireException.BadFile(checkpoint.Path, $"has no tensor {name}, which {checkpoint.Config.File} asks for");
        if (tensor.Shape.Rows != outputs || tensor.Shape.Columns != inputs)
        {
            string wanted = outputs == 1 ? $"[{inputs}]" : $"[{outputs}, {inputs}]";
            throw QuireException.BadFile(tensor.File, $"{name} has shape {tensor.Shape}; {checkpoint.Config.File} asks for {wanted}. "
                + "The file and its configuration are not of the same checkpoint; download both again.");
        }
        if (!tensor.CanRead) throw new QuireException(ErrorKind.NotSupported, $"{tensor.File}: {name} is stored as {tensor.TypeName}, which this build cannot read.");
        return tensor;
    }
}
