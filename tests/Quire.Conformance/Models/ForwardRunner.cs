using Quire.Formats;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>Runs whole sequences through a model in one ragged step, without an engine, and returns all rows of logits.</summary>
internal sealed class ForwardRunner : IDisposable
{
    private readonly ComputePool pool = new(2);
    private readonly CpuDevice device;
    private readonly TransformerModel model;
    private readonly DType kvType;
    private readonly List<DeviceBuffer> buffers = [];
    private readonly List<LoadedAdapter> adapters = [];
    private readonly string path;

    /// <param name="kvType">Of weights without a format of their own, and of keys and values.</param>
    /// <param name="cache">Of keys and values, where they differ.</param>
    /// <param name="change">Changes the family's description.</param>
    /// <param name="quantization">Changes the checkpoint's scheme.</param>
    /// <param name="activations">Null follows <paramref name="kvType"/>.</param>
    public ForwardRunner(string path, DType kvType = DType.F32, KernelSet? kernels = null, int positions = 2048, CpuActivations? activations = null, Func<QuantizationScheme, QuantizationScheme>? quantization = null, DType? cache = null, Func<ModelSpec, ModelSpec>? change = null)
    {
        this.kvType = cache ?? kvType;
        this.path = path;
        device = new CpuDevice(kernels ?? KernelSet.Default, pool, kvType, activations ?? (kvType == DType.BF16 ? CpuActivations.BF16 : CpuActivations.F32));
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Spec = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
        if (change is not null) Spec = change(Spec);
        model = TransformerModel.Load(checkpoint, Spec, device, positions, quantization is null ? null : quantization(QuantizationSchemes.Of(checkpoint)!));
    }

    public ModelSpec Spec { get; }

    /// <summary>Loads an adapter into a slot.</summary>
    public LoadedAdapter LoadAdapter(int slot, string folder)
    {
        using LoraCheckpoint files = LoraCheckpoint.Open(folder);
        LoadedAdapter adapter = model.LoadAdapter(files, () => Checkpoint.Open(path));
        adapters.Add(adapter);
        model.SetAdapter(slot, adapter);
        return adapter;
    }

    public long WeightBytes => model.WeightBytes;

    /// <summary>Logits of every token of every sequence: result[sequence][token][vocabulary].</summary>
    /// <param name="slots">Adapter slot of each sequence, -1 for none; null for none at all.</param>
    public float[][][] Logits(IReadOnlyList<int[]> sequences, int[]? slots = null) => Run(sequences, lastOnly: false, slots);

    /// <summary>Logits of the last token of one sequence.</summary>
    public float[] LastLogits(int[] sequence) => Run([sequence], lastOnly: true, null)[0][^1];

    /// <summary>The stream of one sequence behind the first layers, [tokens * hidden].</summary>
    /// <param name="layers">How many; null is all, and the final norm.</param>
    public float[] Hidden(int[] sequence, int? layers)
    {
        float[] result = [];
        Run([sequence], null, (batch, cache, workspace) =>
        {
            Tensor hidden = model.ForwardThrough(batch, cache, workspace, layers ?? Spec.Layers.Count);
            if (layers is null) model.Normalise(hidden);
            result = hidden.AsSpan<float>().ToArray();
        });
        return result;
    }

    private float[][][] Run(IReadOnlyList<int[]> sequences, bool lastOnly, int[]? adapterSlots)
    {
        var result = new float[sequences.Count][][];
        Run(sequences, adapterSlots, (batch, cache, workspace) => ReadLogits(sequences, lastOnly, batch, model.Forward(batch, cache, workspace), result));
        return result;
    }

    private void Run(IReadOnlyList<int[]> sequences, int[]? adapterSlots, Action<RaggedBatch, KvPool, Workspace> run)
    {
        int tokens = sequences.Sum(s => s.Length);
        KvPlan plan = model.PlanKv(kvType);
        int[] blocksOf = [.. sequences.Select(s => (s.Length + 15) / 16)];
        int blocks = blocksOf.Sum() * plan.Groups.Count, longest = blocksOf.Max();
        int interval = plan.States?.Interval ?? 1, intervals = plan.States is null ? 0 : sequences.Max(s => (s.Length + interval - 1) / interval);
        using var cache = new KvPool(device, plan, blocks, intervals * sequences.Count);
        using var workspace = new Workspace(device, Spec, tokens);

        // Block ids count downwards, so that neighbours in a table are not neighbours in memory.
        int nextBlock = blocks;
        var groups = new GroupBatch[plan.Groups.Count];
        for (int g = 0; g < groups.Length; g++)
        {
            var tables = new int[sequences.Count * longest];
            var slots = new List<int>();
            for (int s = 0; s < sequences.Count; s++)
            {
                for (int b = 0; b < blocksOf[s]; b++) tables[(s * longest) + b] = --nextBlock;
                for (int t = 0; t < sequences[s].Length; t++) slots.Add((tables[(s * longest) + (t / 16)] * 16) + (t % 16));
            }
            groups[g] = new GroupBatch(Upload(tables, new Shape(sequences.Count, longest)), Upload([.. slots], new Shape(tokens)));
        }
        int[] starts = new int[sequences.Count + 1];
        for (int s = 0; s < sequences.Count; s++) starts[s + 1] = starts[s] + sequences[s].Length;
        var batch = new RaggedBatch
        {
            TokenIds = Upload([.. sequences.SelectMany(s => s)], new Shape(tokens)),
            Positions = Upload([.. sequences.SelectMany(s => Enumerable.Range(0, s.Length))], new Shape(tokens)),
            QueryStart = Upload(starts, new Shape(starts.Length)),
            SeqLens = Upload([.. sequences.Select(s => s.Length)], new Shape(sequences.Count)),
            Groups = groups,
        };
        if (plan.States is not null) batch.StateSlots = Upload([.. Enumerable.Range(0, intervals * sequences.Count).Reverse()], new Shape(sequences.Count, intervals));
        if (adapterSlots is not null) batch.AdapterSlots = Upload([.. sequences.SelectMany((s, i) => Enumerable.Repeat(adapterSlots[i], s.Length))], new Shape(tokens));
        run(batch, cache, workspace);
    }

    private void ReadLogits(IReadOnlyList<int[]> sequences, bool lastOnly, RaggedBatch batch, Tensor hidden, float[][][] result)
    {
        int[] starts = batch.QueryStart.AsSpan<int>().ToArray();
        const int slice = 64;
        using DeviceBuffer logits = device.Allocate(4L * slice * Spec.VocabularySize);
        for (int s = 0; s < sequences.Count; s++)
        {
            result[s] = new float[sequences[s].Length][];
            for (int t = lastOnly ? sequences[s].Length - 1 : 0; t < sequences[s].Length; t += slice)
            {
                int count = Math.Min(slice, sequences[s].Length - t);
                Tensor rows = logits.Tensor(DType.F32, new Shape(count, Spec.VocabularySize));
                model.Head(rows, hidden.Slice(starts[s] + t, count), batch.AdapterSlots.IsEmpty ? default : batch.AdapterSlots.Slice(starts[s] + t, count));
                for (int i = 0; i < count; i++) result[s][t + i] = rows.Slice(i, 1).AsSpan<float>().ToArray();
            }
        }
    }

    private Tensor Upload(int[] values, Shape shape)
    {
        DeviceBuffer buffer = device.Allocate(Math.Max(1, values.Length) * 4L);
        buffers.Add(buffer);
        Tensor tensor = buffer.Tensor(DType.I32, shape);
        device.Write<int>(tensor, values);
        return tensor;
    }

    public void Dispose()
    {
        foreach (DeviceBuffer buffer in buffers) buffer.Dispose();
        model.Dispose();
        foreach (LoadedAdapter adapter in adapters) adapter.Dispose();
        device.Dispose();
        pool.Dispose();
    }
}
