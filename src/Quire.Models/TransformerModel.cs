using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>The one transformer stack: built from a spec and a checkpoint, run on any device.</summary>
public sealed class TransformerModel : IDisposable
{
    private readonly IDevice device;
    private readonly PreparedLinear embedding;
    private readonly PreparedLinear? head, positionTable, typeTable;
    private readonly Pooler? pooler;
    private readonly bool normalisesAll;
    private readonly NormWeight embeddingNorm;
    private readonly DecoderLayer[] layers;
    private readonly NormWeight finalNorm;
    private readonly Tensor headBias;
    private readonly IReadOnlyList<IDisposable> owned;
    private readonly LoraSites adapters;
    private readonly WeightMap hubNames;
    private readonly KvScales[]? kvScales;
    private readonly IReadOnlyList<PreparedLinear> linears;
    private readonly IReadOnlyList<(ExpertWeights Experts, int Chosen)> mixtures;

    private TransformerModel(IDevice device, ModelSpec spec, WeightReader reader, WeightMap hubNames, int positions)
    {
        this.hubNames = hubNames;
        adapters = new LoraSites(device, spec.Layers.Count);
        this.device = device;
        Spec = spec;
        embedding = reader.Prepare(reader.Table(WeightPart.Embedding, spec));
        // Of a narrow table, lookup and head are different matrices even where they are one in the file.
        normalisesAll = spec.Pooler is { Pooling: not (Pooling.First or Pooling.Last) };
        if (spec.Pooler is not null) pooler = new Pooler(reader, spec);
        else head = spec is { TiedEmbedding: true, EmbeddingSize: 0 } ? embedding : reader.Prepare(reader.Table(WeightPart.Head, spec));
        if (spec is { HeadBias: true, Pooler: null }) headBias = reader.Vector(0, (WeightPart.HeadBias, spec.VocabularySize));
        if (spec.Positions is { } learned)
            positionTable = reader.Prepare(new SlicedRows(reader.Rows(WeightPart.Positions, 0, learned.Count + learned.Offset, spec.HiddenSize), learned.Offset, learned.Count));
        if (spec.TokenTypes > 0) typeTable = reader.Prepare(reader.Rows(WeightPart.TokenTypes, 0, spec.TokenTypes, spec.HiddenSize));
        embeddingNorm = reader.Norm(WeightPart.EmbeddingNorm, 0, spec.HiddenSize, spec.EmbeddingNorm);
        finalNorm = reader.Norm(WeightPart.FinalNorm, 0, spec.HiddenSize, spec.FinalNorm);

        var rotaries = new Dictionary<RopeSpec, Tensor>();
        layers = [.. spec.Layers.Select((layer, i) => new DecoderLayer(reader, i, spec.HiddenSize, layer, Rotary(layer.Attention?.Rope), adapters, positions))];
        if (spec.Layers.Select((_, i) => reader.KvScales(i)).ToArray() is var scales && scales.Any(scale => scale is not null))
            kvScales = [.. scales.Select(scale => scale ?? new KvScales(1, 1))];
        owned = reader.Owned;
        WeightBytes = reader.Bytes;
        mixtures = reader.Mixtures;
        HashSet<PreparedLinear> ofExperts = [.. mixtures.SelectMany(layer => layer.Experts.Up.Concat(layer.Experts.Down))];
        linears = [.. reader.Linears.Where(weight => !ofExperts.Contains(weight))];

        Tensor Rotary(RopeSpec? rope)
        {
            if (rope is null) return default;
            if (!rotaries.TryGetValue(rope, out Tensor table))
                rotaries[rope] = table = reader.Upload(rope.Table(positions), new Shape(positions, 2, rope.RotatedSize / 2));
            return table;
        }
    }

    public ModelSpec Spec { get; }

    /// <summary>How keys and values of this type are kept, float8 with the checkpoint's scales where it has some.</summary>
    public KvPlan PlanKv(DType type) => KvPlan.Of(Spec, type, type == DType.F8E4M3 ? kvScales : null);

    /// <summary>What steps of this model ask of the device's own memory.</summary>
    /// <param name="tokens">Of a step at most.</param>
    /// <param name="sequences">Of a step at most.</param>
    /// <param name="positions">Of the longest sequence.</param>
    /// <param name="kv">Layouts of the layers' keys and values.</param>
    public StepDemand Demand(int tokens, int sequences, int positions, KvPlan kv) =>
        new(tokens, sequences, positions, linears, mixtures, [.. Spec.Layers.Select((layer, i) => (layer.Attention?.Heads ?? 0, kv.Layouts[i])).Where(layer => layer.Item1 > 0)]);

    /// <summary>Device bytes of weights and tables.</summary>
    public long WeightBytes { get; }

    /// <summary>Names of tensors that the checkpoint has for layers and that the model was not made of.</summary>
    public IReadOnlyList<string> TensorsWithoutUse { get; private set; } = [];

    /// <summary>Reads and prepares all weights; the checkpoint may be closed afterwards.</summary>
    /// <param name="positions">Longest sequence that will be run: the size of the rotary tables.</param>
    /// <param name="quantization">How matrices are quantised; null follows the checkpoint.</param>
    /// <exception cref="QuireException">A weight is missing, has the wrong shape, or is stored in a format that cannot be read.</exception>
    public static TransformerModel Load(Checkpoint checkpoint, ModelSpec spec, IDevice device, int positions, QuantizationScheme? quantization = null)
    {
        IModelFamily family = ModelFamilies.Of(checkpoint.Config);
        WeightMap hubNames = family.Weights(spec);
        WeightMap names = checkpoint.Config.IsGguf ? family.GgufWeights(spec).FittingGguf(checkpoint) : hubNames = hubNames.Fitting(name => checkpoint.TryGet(name, out _));
        var reader = new WeightReader(checkpoint, names, device, quantization ?? QuantizationSchemes.Of(checkpoint));
        try
        {
            var model = new TransformerModel(device, spec, reader, hubNames, positions);
            if (checkpoint.Config.IsGguf) UnreadTensors.RefuseIn(checkpoint, spec, reader.Unread);
            else model.TensorsWithoutUse = UnreadTensors.OfLayers(reader.Unread, spec);
            return model;
        }
        catch
        {
            foreach (IDisposable part in reader.Owned) part.Dispose();
            throw;
        }
    }

    /// <summary>Runs the layers over one step; keys and values of its tokens are in the cache afterwards.</summary>
    /// <returns>[tokens, hidden]: the residual stream before the final norm, or after it where <see cref="Pool"/> takes all rows; valid until the workspace's next use.</returns>
    public Tensor Forward(RaggedBatch batch, KvPool cache, Workspace workspace)
    {
        Tensor residual = ForwardThrough(batch, cache, workspace, layers.Length);
        if (normalisesAll) Normalise(residual);
        return residual;
    }

    /// <summary>The stream behind the first layers.</summary>
    /// <param name="count">How many; 0 is what enters the first.</param>
    internal Tensor ForwardThrough(RaggedBatch batch, KvPool cache, Workspace workspace, int count)
    {
        Tensor residual = workspace.Residual(batch.Tokens, Spec.HiddenSize), hidden = workspace.Hidden(batch.Tokens, Spec.HiddenSize);
        device.Embed(residual, batch.TokenIds, embedding, Spec.EmbeddingScale);
        if (positionTable is not null)
        {
            device.Embed(hidden, batch.Positions, positionTable, 1);
            device.Add(residual, hidden, 1);
        }
        if (typeTable is not null)
        {
            device.Embed(hidden, batch.TokenTypes, typeTable, 1);
            device.Add(residual, hidden, 1);
        }
        adapters[LoraTarget.Embedding].Apply(residual, batch.TokenIds, batch.AdapterSlots);
        if (!embeddingNorm.Weight.IsEmpty) device.Norm(residual, residual, embeddingNorm);
        for (int i = 0; i < count; i++)
            layers[i].Forward(device, workspace, residual, hidden, Memory(i), batch.AdapterSlots);
        return residual;

        LayerMemory Memory(int layer) => Spec.Layers[layer].Recurrent is null
            ? new LayerMemory(cache.Layer(layer), batch.Attention(cache.GroupOf[layer]), default, default)
            : new LayerMemory(default, default, cache.State(layer), batch.States(cache.Plan.States!.Interval));
    }

    /// <summary>One row of each sequence of a step: its embedding, or its labels' numbers.</summary>
    /// <param name="rows">[sequences, hidden] f32, scratch.</param>
    /// <param name="hidden">[tokens, hidden] f32: <see cref="Forward"/>'s result.</param>
    /// <param name="lastRows">i32 [sequences]: their last tokens' rows.</param>
    /// <param name="starts">i32 [sequences + 1]: rows of <paramref name="hidden"/> at which they begin; used where other rows than the last count.</param>
    /// <param name="scratch">Memory of as many rows, of hidden size and labels together.</param>
    /// <returns>[sequences, hidden or labels], valid until the next use of <paramref name="rows"/> and <paramref name="scratch"/>.</returns>
    public Tensor Pool(Tensor rows, Tensor hidden, Tensor lastRows, Tensor starts, DeviceBuffer scratch)
    {
        switch (Spec.Pooler!.Pooling)
        {
            case Pooling.Last: device.GatherRows(rows, hidden, lastRows); break;
            case Pooling.First: device.GatherRows(rows, hidden, starts.Slice(0, rows.Shape[0])); break;
            case Pooling.Mean: device.PoolRows(rows, hidden, starts, RowPooling.Mean); break;
            case Pooling.SumByRootLength: device.PoolRows(rows, hidden, starts, RowPooling.SumByRootLength); break;
            case Pooling.WeightedMean: device.PoolRows(rows, hidden, starts, RowPooling.WeightedMean); break;
            case Pooling.Max: device.PoolRows(rows, hidden, starts, RowPooling.Max); break;
        }
        if (!normalisesAll) Normalise(rows);
        return pooler!.Forward(device, rows, scratch);
    }

    /// <summary>Final norm and head of some rows.</summary>
    /// <param name="logits">[rows, vocabulary] f32, written.</param>
    /// <param name="hidden">[rows, hidden] f32: rows of <see cref="Forward"/>'s result; normalised in place.</param>
    /// <param name="adapterSlots">i32 [rows]: slots of the rows' adapters; empty where none has one.</param>
    public void Head(Tensor logits, Tensor hidden, Tensor adapterSlots = default)
    {
        Normalise(hidden);
        device.Linear(logits, hidden, head!, new LinearEpilogue(headBias));
        adapters[LoraTarget.Head].Apply(logits, hidden, adapterSlots);
        if (Spec.LogitScale != 1 || Spec.LogitCap > 0) device.ScaleAndCap(logits, Spec.LogitScale, Spec.LogitCap);
    }

    /// <summary>Reads an adapter and packs it; the adapter's files may be closed afterwards.</summary>
    /// <param name="openBase">Opens the model's own checkpoint again: some adapters depend on its weights.</param>
    /// <exception cref="QuireException">A module does not exist in this model, or has other sizes here.</exception>
    public LoadedAdapter LoadAdapter(LoraCheckpoint adapter, Func<Checkpoint> openBase, QuantizationScheme? quantization = null)
    {
        Checkpoint? opened = null;
        try
        {
            return new AdapterReader(device, Spec, hubNames, adapter, OpenWeights).Read();
        }
        finally
        {
            opened?.Dispose();
        }

        WeightReader OpenWeights()
        {
            opened = openBase();
            WeightMap names = opened.Config.IsGguf ? ModelFamilies.Of(opened.Config).GgufWeights(Spec).FittingGguf(opened) : hubNames;
            return new WeightReader(opened, names, device, quantization ?? QuantizationSchemes.Of(opened));
        }
    }

    /// <summary>The final norm of some rows, in place.</summary>
    internal void Normalise(Tensor hidden)
    {
        if (!finalNorm.Weight.IsEmpty) device.Norm(hidden, hidden, finalNorm);
    }

    /// <summary>Puts an adapter into a slot of the batch's <see cref="RaggedBatch.AdapterSlots"/>; null empties it. No step may be running.</summary>
    public void SetAdapter(int slot, LoadedAdapter? adapter) => adapters.Set(slot, adapter);

    public void Dispose()
    {
        foreach (IDisposable part in owned) part.Dispose();
    }
}
