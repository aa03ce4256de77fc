using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Finds a spec's weights in a checkpoint, checks their shapes against the configuration, and gives them to the device.</summary>
internal sealed class WeightReader(Checkpoint checkpoint, WeightMap names, IDevice device, QuantizationScheme? quantization)
{
    private const string WeightEnd = ".weight";
    private readonly List<IDisposable> owned = [];
    private readonly HashSet<string> read = [];
    private readonly Dictionary<WeightPart, bool> forms = [];

    /// <summary>Device memory of everything read so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Weights of products made so far.</summary>
    public List<PreparedLinear> Linears { get; } = [];

    /// <summary>Experts made so far, and how many of them a token has; their weights are among <see cref="Linears"/>.</summary>
    public List<(ExpertWeights Experts, int Chosen)> Mixtures { get; } = [];

    /// <summary>Buffers and weights made so far, to be disposed with the model.</summary>
    public IReadOnlyList<IDisposable> Owned => owned;

    /// <summary>Names of the checkpoint's tensors that nothing here was made of.</summary>
    public IEnumerable<string> Unread => checkpoint.TensorNames.Where(name => !read.Contains(name));

    // From some layer the form of all follows: one that lacks its tensors is then missed, and not taken for one of another form. Files have thousands of names, and every expert asks.
    private bool HasSomewhere(WeightPart part)
    {
        if (!forms.TryGetValue(part, out bool has)) forms[part] = has = names.Has(part) && checkpoint.HasInSomeLayer(names.Pattern(part));
        return has;
    }

    /// <summary>The matrix of a part, [outputs, inputs].</summary>
    /// <exception cref="QuireException">It is missing or has another shape.</exception>
    public IWeightRows Rows(WeightPart part, int layer, long outputs, long inputs, int expert = 0)
    {
        string name = names.Name(part, layer, expert);
        if (names.IsTransposed && part is not (WeightPart.Embedding or WeightPart.Positions or WeightPart.Head or WeightPart.Labels)) return new TransposedRows(new StoredRows(Find(name, inputs, outputs)));
        // Tables are looked up, not multiplied: schemes quantise linear modules.
        if (quantization is null || part is WeightPart.Embedding or WeightPart.Positions || !name.EndsWith(WeightEnd, StringComparison.Ordinal)) return new StoredRows(Find(name, outputs, inputs));
        var module = new ModuleTensors(Taken, name[..^WeightEnd.Length]);
        if (quantization.Open(module, outputs, inputs) is { } coded) return coded;
        var plain = new StoredRows(Find(name, outputs, inputs));
        return part is WeightPart.Head or WeightPart.Labels or WeightPart.Router or WeightPart.SharedScale ? plain : quantization.Plain(module.Name, plain);
    }

    /// <summary>Embedding or head as hidden rows, [vocabulary, hidden].</summary>
    public IWeightRows Table(WeightPart part, ModelSpec spec)
    {
        if (spec.EmbeddingSize == 0) return Rows(part, 0, spec.VocabularySize, spec.HiddenSize);
        IWeightRows stored = Rows(spec.TiedEmbedding ? WeightPart.Embedding : part, 0, spec.VocabularySize, spec.EmbeddingSize);
        return part == WeightPart.Embedding
            ? ProjectedRows.After(stored, new StoredRows(Find(names.Name(WeightPart.ProjectIn), spec.HiddenSize, spec.EmbeddingSize)))
            : Projected(stored, spec);
    }

    // What reads rows of the embedding's size reads hidden rows through the projection before it.
    private ProjectedRows Projected(IWeightRows stored, ModelSpec spec) =>
        ProjectedRows.Before(stored, new StoredRows(Find(names.Name(WeightPart.ProjectOut), spec.EmbeddingSize, spec.HiddenSize)));

    /// <summary>The rows that give logits, [vocabulary, hidden].</summary>
    public IWeightRows Head(ModelSpec spec) => Table(spec is { TiedEmbedding: true, EmbeddingSize: 0 } ? WeightPart.Embedding : WeightPart.Head, spec);

    /// <summary>A classifier's own head, [labels, hidden].</summary>
    public IWeightRows Labels(ModelSpec spec)
    {
        string name = names.Name(WeightPart.Labels);
        // Most often a language model under a classifier's name.
        if (!spec.IsEncoder && !checkpoint.TensorNames.Any(stored => stored.StartsWith(name[..^WeightEnd.Length], StringComparison.Ordinal)))
            throw QuireException.BadFile(checkpoint.Path, $"has no tensor {name}, a classifier's head; classifier_from_token in --hf-overrides makes one of the LM head");
        int labels = spec.Pooler!.Labels.Count;
        return spec.EmbeddingSize == 0 ? Rows(WeightPart.Labels, 0, labels, spec.HiddenSize) : Projected(Rows(WeightPart.Labels, 0, labels, spec.EmbeddingSize), spec);
    }

    /// <summary>Matrices of the same inputs, one for each part; those that the checkpoint stores as one are slices of it.</summary>
    public IWeightRows[] Split(int layer, long inputs, params ReadOnlySpan<(WeightPart Part, int Rows)> parts)
    {
        var matrices = new IWeightRows[parts.Length];
        for (int start = 0, end; start < parts.Length; start = end)
        {
            long rows = 0;
            for (end = start; end < parts.Length && names.Name(parts[end].Part, layer) == names.Name(parts[start].Part, layer); end++) rows += parts[end].Rows;
            IWeightRows stored = Rows(parts[start].Part, layer, rows, inputs);
            long first = 0;
            for (int i = start; i < end; first += parts[i++].Rows)
                matrices[i] = end - start == 1 ? stored : new SlicedRows(stored, first, parts[i].Rows);
        }
        return matrices;
    }

    /// <summary>Products of one expert: gate and up, to be stacked, and down.</summary>
    public (IWeightRows[] Up, IWeightRows Down) Expert(int layer, int expert, int hidden, MoeSpec moe)
    {
        int size = moe.IntermediateSize;
        // GGUF stacks the experts of each product, or of gate and up together.
        if (checkpoint.Config.IsGguf)
        {
            IWeightRows[] gateUp = HasSomewhere(WeightPart.ExpertGateUp)
                ? [OfAll(WeightPart.ExpertGateUp, 2 * size, hidden)]
                : [OfAll(WeightPart.ExpertGate, size, hidden), OfAll(WeightPart.ExpertUp, size, hidden)];
            return (gateUp, OfAll(WeightPart.ExpertDown, hidden, size));
        }
        if (moe.Storage == ExpertStorage.Single)
            return ([Rows(WeightPart.ExpertGate, layer, size, hidden, expert), Rows(WeightPart.ExpertUp, layer, size, hidden, expert)], Rows(WeightPart.ExpertDown, layer, hidden, size, expert));
        IWeightRows up = Stacked(WeightPart.ExpertUp, layer, expert, moe, 2 * size, hidden), down = Stacked(WeightPart.ExpertDown, layer, expert, moe, hidden, size);
        return ([moe.Storage == ExpertStorage.GptOss ? new AlternatingRows(up) : up], down);

        IWeightRows OfAll(WeightPart part, int outputs, int inputs) =>
            new SlicedRows(new StoredRows(Find(names.Name(part, layer), (long)moe.Experts * outputs, inputs)), (long)expert * outputs, outputs);
    }

    private IWeightRows Stacked(WeightPart part, int layer, int expert, MoeSpec moe, int outputs, int inputs)
    {
        string name = names.Name(part, layer);
        if (moe.Storage == ExpertStorage.GptOss && Taken(name + "_blocks") is { } blocks)
            return Fp4Rows.OpenMxfp4(blocks, Taken(name + "_scales") ?? throw QuireException.BadFile(checkpoint.Path, $"has no tensor {name}_scales"), (long)expert * outputs, outputs, inputs);
        bool isTransposed = moe.Storage != ExpertStorage.Stacked;
        (int rows, int columns) = isTransposed ? (inputs, outputs) : (outputs, inputs);
        var all = new StoredRows(Find(name, (long)moe.Experts * rows, columns));
        IWeightRows own = new SlicedRows(all, (long)expert * rows, rows);
        return isTransposed ? new TransposedRows(own) : own;
    }

    /// <summary>All experts' biases of a product, [experts, length].</summary>
    public Tensor ExpertBias(WeightPart part, int layer, MoeSpec moe, int length)
    {
        if (part == WeightPart.ExpertUpBias && checkpoint.Config.IsGguf) return GateUpBias(layer, moe, length / 2);
        var values = new float[moe.Experts * length];
        Find(names.Name(part, layer), moe.Experts, length).ReadRows(0, moe.Experts, values);
        if (part == WeightPart.ExpertUpBias && moe.Storage == ExpertStorage.GptOss)
        {
            float[] stored = [.. values];
            for (int row = 0; row < values.Length; row++) values[row] = stored[(row / length * length) + AlternatingRows.Stored(row % length, length)];
        }
        return Upload(values, new Shape(moe.Experts, length));
    }

    // GGUF has the two beside each other.
    private Tensor GateUpBias(int layer, MoeSpec moe, int size)
    {
        float[] gate = new float[moe.Experts * size], up = new float[moe.Experts * size];
        Find(names.Name(WeightPart.ExpertGateBias, layer), moe.Experts, size).ReadRows(0, moe.Experts, gate);
        Find(names.Name(WeightPart.ExpertUpBias, layer), moe.Experts, size).ReadRows(0, moe.Experts, up);
        return Upload([.. Enumerable.Range(0, moe.Experts).SelectMany(expert => gate[(expert * size)..((expert + 1) * size)].Concat(up[(expert * size)..((expert + 1) * size)]))], new Shape(moe.Experts, 2 * size));
    }

    /// <summary>Query, key and value, to be stacked; rows of query and key heads in half-split order.</summary>
    public IWeightRows[] Qkv(int layer, int hidden, AttentionSpec spec)
    {
        int queries = spec.Heads * spec.HeadSize, keys = spec.KvHeads * spec.HeadSize;
        if (IsByHead(spec)) return [new HeadByHeadRows(Rows(WeightPart.Query, layer, queries + (2L * keys), hidden), spec.KvHeads, spec.Heads / spec.KvHeads, spec.HeadSize)];
        IWeightRows[] parts = spec.GatesOutput
            ? [new SlicedRows(GatedQueries(layer, hidden, spec), 0, queries), .. Split(layer, hidden, (WeightPart.Key, keys), (WeightPart.Value, keys))]
            : Split(layer, hidden, (WeightPart.Query, queries), (WeightPart.Key, keys), (WeightPart.Value, keys));
        return [HalfSplit(parts[0], spec), HalfSplit(parts[1], spec), parts[2]];
    }

    /// <summary>What the gates of attention's output are made by.</summary>
    public IWeightRows OutputGate(int layer, int hidden, AttentionSpec spec) =>
        new SlicedRows(GatedQueries(layer, hidden, spec), spec.Heads * spec.HeadSize, spec.Heads * spec.HeadSize);

    private GroupedRows GatedQueries(int layer, int hidden, AttentionSpec spec) =>
        new(Rows(WeightPart.Query, layer, 2L * spec.Heads * spec.HeadSize, hidden), spec.Heads, spec.HeadSize, spec.HeadSize);

    /// <summary>What a recurrence reads: queries, keys, values and gates of the output, each of all heads; or what a gated convolution does, as it is stored.</summary>
    public IWeightRows[] RecurrentRows(int layer, int hidden, RecurrentSpec spec)
    {
        if (HasSomewhere(WeightPart.RecurrentQkv))
            return [Rows(WeightPart.RecurrentQkv, layer, spec.Channels, hidden), Rows(WeightPart.RecurrentGate, layer, spec.OutputSize, hidden)];
        IWeightRows stored = Rows(WeightPart.RecurrentIn, layer, spec.RowSize, hidden);
        if (spec.Delta is not { } delta) return [stored];
        int values = delta.ValueHeads / delta.KeyHeads * delta.ValueSize;
        return [new GroupedRows(stored, delta.KeyHeads, delta.KeySize, delta.KeySize, values, values)];
    }

    /// <summary>Beta of all value heads, then a of all.</summary>
    public IWeightRows DeltaGates(int layer, int hidden, DeltaSpec delta)
    {
        int values = delta.ValueHeads / delta.KeyHeads;
        return new GroupedRows(Rows(WeightPart.DeltaGates, layer, 2 * delta.ValueHeads, hidden), delta.KeyHeads, values, values);
    }

    /// <summary>[kernel, channels]</summary>
    public Tensor Convolution(int layer, RecurrentSpec spec)
    {
        var stored = new float[spec.Channels * spec.Kernel];
        Find(names.Name(WeightPart.Convolution, layer), spec.Channels, spec.Kernel).ReadRows(0, spec.Channels, stored);
        return Upload([.. Enumerable.Range(0, stored.Length).Select(i => stored[(i % spec.Channels * spec.Kernel) + (i / spec.Channels)])], new Shape(spec.Kernel, spec.Channels));
    }

    /// <summary>Rates of the decay, negative: stored are their logarithms, in GGUF files themselves.</summary>
    public Tensor DeltaDecay(int layer, DeltaSpec delta)
    {
        float[] stored = Read(WeightPart.DeltaDecay, layer, delta.ValueHeads);
        return Upload(checkpoint.Config.IsGguf ? stored : [.. stored.Select(value => -(float)Math.Exp(value))], new Shape(delta.ValueHeads));
    }

    /// <summary>Queries of latent attention, their rotated parts in half-split order.</summary>
    public IWeightRows LatentQueries(int layer, int inputs, AttentionSpec spec, LatentSpec latent)
    {
        int head = latent.PlainSize + latent.RotatedSize;
        IWeightRows rows = Rows(WeightPart.Query, layer, spec.Heads * head, inputs);
        return IsInterleaved(spec) ? new HalfSplitRows(rows, head, latent.RotatedSize, latent.PlainSize) : rows;
    }

    /// <summary>Latents, and behind them the rotated part of keys in half-split order.</summary>
    public IWeightRows Latents(int layer, int hidden, AttentionSpec spec, LatentSpec latent)
    {
        IWeightRows rows = Rows(WeightPart.LatentDown, layer, spec.HeadSize, hidden);
        return IsInterleaved(spec) ? new HalfSplitRows(rows, spec.HeadSize, latent.RotatedSize, latent.Size) : rows;
    }

    /// <summary>For each head what turns a query to a latent's length, and what makes a value of a latent.</summary>
    public (PreparedHeads Keys, PreparedHeads Values) LatentHeads(int layer, AttentionSpec spec, LatentSpec latent)
    {
        if (HasSomewhere(WeightPart.LatentKeys))
        {
            IWeightRows down = new PlainRows(Rows(WeightPart.LatentKeys, layer, spec.Heads * latent.Size, latent.PlainSize));
            IWeightRows values = new PlainRows(Rows(WeightPart.LatentValues, layer, spec.Heads * latent.ValueSize, latent.Size));
            return (Heads(i => new SlicedRows(down, i * latent.Size, latent.Size)), Heads(i => new SlicedRows(values, i * latent.ValueSize, latent.ValueSize)));
        }
        int head = latent.PlainSize + latent.ValueSize;
        IWeightRows up = new PlainRows(Rows(WeightPart.LatentUp, layer, spec.Heads * head, latent.Size));
        return (Heads(i => new TransposedRows(new SlicedRows(up, i * head, latent.PlainSize))), Heads(i => new SlicedRows(up, (i * head) + latent.PlainSize, latent.ValueSize)));

        PreparedHeads Heads(Func<int, IWeightRows> of)
        {
            PreparedHeads prepared = device.PrepareHeads([.. Enumerable.Range(0, spec.Heads).Select(of)]);
            owned.Add(prepared);
            Bytes += prepared.ByteCount;
            return prepared;
        }
    }

    /// <summary>A norm's weights [heads, head size]: stored as that, or a vector for each <c>{head}</c> of the name.</summary>
    public NormWeight HeadNorms(WeightPart part, int layer, int heads, AttentionSpec spec, NormSpec? norm)
    {
        if (norm is null) return default;
        string name = names.Name(part, layer);
        var values = new float[heads * spec.HeadSize];
        if (name.Contains("{head}", StringComparison.Ordinal))
            for (int head = 0; head < heads; head++) Read(name.Replace("{head}", head.ToString(), StringComparison.Ordinal), spec.HeadSize).CopyTo(values, head * spec.HeadSize);
        else
            Find(name, heads, spec.HeadSize).ReadRows(0, heads, values);
        return new NormWeight(Upload(InHalfSplitOrder(values, spec), new Shape(heads, spec.HeadSize)), norm.Epsilon, norm.Kind);
    }

    private IWeightRows HalfSplit(IWeightRows rows, AttentionSpec spec) => IsInterleaved(spec) ? new HalfSplitRows(rows, spec.HeadSize, spec.Rope!.RotatedSize) : rows;

    /// <summary>A norm's weight; the default where there is none.</summary>
    public NormWeight Norm(WeightPart part, int layer, int length, NormSpec? norm)
    {
        if (norm is null) return default;
        if (!(norm.Epsilon >= 0)) throw QuireException.BadFile(checkpoint.Config.File, $"gives a norm an epsilon of {norm.Epsilon}; it must not be negative");
        float[] values = norm.HasWeight ? Read(part, layer, length) : [.. Enumerable.Repeat(1f, length)];
        if (!checkpoint.Config.NormWeightsIncludeOne)
            for (int i = 0; i < length; i++) values[i] += norm.WeightOffset;
        Tensor bias = norm.HasBias ? Upload(Read(names.BiasName(part, layer), length), new Shape(length)) : default;
        return new NormWeight(Upload(values, new Shape(length)), norm.Epsilon, norm.Kind, bias);
    }

    /// <summary>The biases of query, key and value behind each other, in the order of their matrices' rows.</summary>
    public Tensor QkvBias(int layer, AttentionSpec spec)
    {
        int keys = spec.KvHeads * spec.HeadSize;
        if (IsByHead(spec))
        {
            float[] stored = Read(WeightPart.QueryBias, layer, (spec.Heads * spec.HeadSize) + (2 * keys));
            return Upload([.. Enumerable.Range(0, stored.Length).Select(row => stored[HeadByHeadRows.Stored(row, spec.KvHeads, spec.Heads / spec.KvHeads, spec.HeadSize)])], new Shape(stored.Length));
        }
        if (names.Name(WeightPart.QueryBias, layer) == names.Name(WeightPart.ValueBias, layer))
        {
            int queries = spec.Heads * spec.HeadSize;
            float[] all = Read(WeightPart.QueryBias, layer, queries + (2 * keys));
            float[] ordered = [.. InHalfSplitOrder(all[..queries], spec), .. InHalfSplitOrder(all[queries..(queries + keys)], spec), .. all[(queries + keys)..]];
            return Upload(ordered, new Shape(ordered.Length));
        }
        float[] values = [.. Rotated(WeightPart.QueryBias, spec.Heads * spec.HeadSize), .. Rotated(WeightPart.KeyBias, keys), .. Read(WeightPart.ValueBias, layer, keys)];
        return Upload(values, new Shape(values.Length));

        float[] Rotated(WeightPart part, int length) => InHalfSplitOrder(Read(part, layer, length), spec);
    }

    /// <summary>A layer's xIELU.</summary>
    public XieluParameters Xielu(int layer)
    {
        return Apertus.Xielu(Of(WeightPart.XieluPositive), Of(WeightPart.XieluNegative), Of(WeightPart.XieluBeta), Of(WeightPart.XieluEpsilon));

        float Of(WeightPart part) => Read(part, layer, 1)[0];
    }

    /// <summary>Tensors have GGUF's names and orders.</summary>
    public bool IsGguf => checkpoint.Config.IsGguf;

    /// <summary>The bias of a module, in stored order.</summary>
    /// <param name="module">Name without <c>.bias</c>.</param>
    public float[] Bias(string module, int length) => Read(module + ".bias", length);

    /// <summary>A layer's scales of float8 keys and values: <c>self_attn.k_scale</c>, <c>self_attn.attn.k_scale</c>, <c>k_proj.k_scale</c> or <c>k_proj.output_scale</c>; null where it has none.</summary>
    /// <exception cref="QuireException">Only one of the two is there, or it is not positive.</exception>
    public KvScales? KvScales(int layer)
    {
        float? key = Scale(WeightPart.Key, "k_scale"), value = Scale(WeightPart.Value, "v_scale");
        if (key is null != value is null) throw QuireException.BadFile(checkpoint.Path, $"layer {layer} has a scale of keys or values and not of the other");
        return key is null ? null : new KvScales(key.Value, value!.Value);

        float? Scale(WeightPart part, string end)
        {
            if (!names.Has(part)) return null;
            string[] name = names.Name(part, layer).Split('.');
            if (name.Length < 3) return null;
            string module = string.Join('.', name[..^1]), attention = string.Join('.', name[..^2]);
            foreach (string candidate in (string[])[$"{attention}.{end}", $"{attention}.attn.{end}", $"{module}.{end}", $"{module}.output_scale"])
                if (checkpoint.TryGet(candidate, out _)) return new ModuleTensors(Taken, candidate[..candidate.LastIndexOf('.')]).PositiveNumber(candidate[(candidate.LastIndexOf('.') + 1)..], "a float8 cache");
            return null;
        }
    }

    /// <summary>Matrices stacked along their outputs.</summary>
    public PreparedLinear Prepare(params ReadOnlySpan<IWeightRows> parts)
    {
        PreparedLinear weight = device.Prepare(parts);
        owned.Add(weight);
        Linears.Add(weight);
        Bytes += weight.ByteCount;
        return weight;
    }

    /// <summary>Vectors behind each other as one f32 tensor on the device: the biases of stacked projections.</summary>
    public Tensor Vector(int layer, params ReadOnlySpan<(WeightPart Part, int Length)> parts)
    {
        List<float> values = [];
        foreach ((WeightPart part, int length) in parts) values.AddRange(Read(part, layer, length));
        return Upload(values.ToArray(), new Shape(values.Count));
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

    private float[] InHalfSplitOrder(float[] stored, AttentionSpec spec) =>
        IsInterleaved(spec) ? [.. Enumerable.Range(0, stored.Length).Select(row => stored[HalfSplitRows.Stored(row, spec.HeadSize, spec.Rope!.RotatedSize)])] : stored;

    // GGUF has all queries, all keys, all values.
    private bool IsByHead(AttentionSpec spec) => spec.QkvByHead && !checkpoint.Config.IsGguf;

    private bool IsInterleaved(AttentionSpec spec) => spec.Rope is not null && (spec.InterleavedRotary || checkpoint.Config.RopeInterleavedRows);

    private float[] Read(WeightPart part, int layer, int length) => Read(names.Name(part, layer), length);

    private float[] Read(string name, int length)
    {
        CheckpointTensor tensor = Find(name, 1, length);
        var values = new float[length];
        tensor.ReadRows(0, tensor.Shape.Rows, values);
        return values;
    }

    private CheckpointTensor? Taken(string name)
    {
        if (!checkpoint.TryGet(name, out CheckpointTensor? tensor)) return null;
        read.Add(name);
        return tensor;
    }

    private CheckpointTensor Find(string name, long outputs, long inputs)
    {
        if (Taken(name) is not { } tensor)
            throw QuireException.BadFile(checkpoint.Path, $"has no tensor {name}, which {checkpoint.Config.File} asks for");
        if (tensor.Shape.Rows != outputs || tensor.Shape.Columns != inputs)
        {
            string wanted = outputs == 1 ? $"[{inputs}]" : $"[{outputs}, {inputs}]";
            throw QuireException.BadFile(tensor.File, $"{name} has shape {tensor.Shape}; {checkpoint.Config.File} asks for {wanted}. "
                + (checkpoint.Config.IsOverridden ? "An override cannot change the size of what is stored; leave it out, or give the stored size." : "The file and its configuration are not of the same checkpoint; download both again."));
        }
        if (!tensor.CanRead) throw new QuireException(ErrorKind.NotSupported, $"{tensor.File}: {name} is stored as {tensor.TypeName}, which this build cannot read.");
        return tensor;
    }
}
