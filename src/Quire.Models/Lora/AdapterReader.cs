using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Finds an adapter's modules among a model's products, checks their shapes, and packs them for the device.</summary>
/// <param name="names">Hugging Face's names, which adapters have whatever the base is stored in.</param>
/// <param name="baseWeights">Opens the base again, for adapters that depend on its weights.</param>
internal sealed class AdapterReader(IDevice device, ModelSpec spec, WeightMap names, LoraCheckpoint adapter, Func<WeightReader> baseWeights)
{
    private readonly HashSet<string> used = [];
    private readonly Dictionary<(LoraTarget, int), PreparedLora> updates = [];
    private readonly Lazy<WeightReader> weights = new(baseWeights);

    /// <exception cref="QuireException">A module does not exist in the base or has other sizes there.</exception>
    public LoadedAdapter Read()
    {
        try
        {
            Embedding();
            // A classifier's head that was made of the LM head would not change with it.
            if (spec.Pooler?.Tokens is null) Site(LoraTarget.Head, 0, spec.HiddenSize, (WeightPart.Head, spec.VocabularySize));
            for (int layer = 0; layer < spec.Layers.Count; layer++) Layer(layer, spec.Layers[layer]);
            if (adapter.Modules.Keys.FirstOrDefault(name => !used.Contains(name)) is { } unknown)
                throw QuireException.BadFile(adapter.Folder, $"changes {unknown}, which is no module of this model that adapters can change");
            return new LoadedAdapter(updates, adapter.MaxRank);
        }
        catch
        {
            foreach (PreparedLora update in updates.Values) update.Dispose();
            throw;
        }
    }

    private void Layer(int layer, LayerSpec of)
    {
        int size = of.Mlp.IntermediateSize;
        // A recurrence has no adapters.
        if (of.Attention is { } attention)
        {
            int queries = attention.Heads * attention.HeadSize, keys = attention.KvHeads * attention.HeadSize;
            // Nor has what latents and queries are made of, or queries that gates are stored with.
            if (attention is { Latent: null, GatesOutput: false }) Site(LoraTarget.Qkv, layer, spec.HiddenSize, (WeightPart.Query, queries), (WeightPart.Key, keys), (WeightPart.Value, keys));
            Site(LoraTarget.Output, layer, attention.OutputInputs, (WeightPart.Output, spec.HiddenSize));
        }
        // Experts have no adapters; what changes them is refused as unknown.
        if (of.Moe is not null) return;
        if (of.Mlp.IsGated) Site(LoraTarget.Up, layer, spec.HiddenSize, (WeightPart.Gate, size), (WeightPart.Up, size));
        else Site(LoraTarget.Up, layer, spec.HiddenSize, (WeightPart.Up, size));
        Site(LoraTarget.Down, layer, size, (WeightPart.Down, spec.HiddenSize));
    }

    private void Site(LoraTarget target, int layer, int inputs, params ReadOnlySpan<(WeightPart Part, int Rows)> parts)
    {
        List<LoraPart> changes = [];
        int total = 0;
        foreach ((_, int rows) in parts) total += rows;
        var bias = new float[total];
        bool hasBias = false;
        for (int start = 0, first = 0, end; start < parts.Length; start = end)
        {
            string name = Module(parts[start].Part, layer);
            int rows = 0;
            for (end = start; end < parts.Length && Module(parts[end].Part, layer) == name; end++) rows += parts[end].Rows;
            if (adapter.Modules.GetValueOrDefault(name) is { IsEmbedding: false } module)
            {
                used.Add(name);
                (WeightPart Part, int Rows)[] of = parts[start..end].ToArray();
                if (module.A is not null) changes.Add(Change(module, target, layer, of, rows, inputs, first));
                if (module.Bias is not null)
                {
                    hasBias = true;
                    ReadBias(module, layer, of, rows, bias.AsSpan(first, rows));
                }
            }
            first += rows;
        }
        if (changes.Count > 0 || hasBias) updates[(target, layer)] = device.PrepareLora(changes, hasBias ? bias : []);
    }

    private LoraPart Change(LoraModule module, LoraTarget target, int layer, (WeightPart Part, int Rows)[] parts, int rows, int inputs, int first)
    {
        if (module.A!.Shape[1] != inputs) throw QuireException.BadFile(adapter.Folder, $"{module.Name}: lora_A has {module.A.Shape[1]} inputs, the base has {inputs}");
        if (module.B!.Shape[0] != rows) throw QuireException.BadFile(adapter.Folder, $"{module.Name}: lora_B has {module.B.Shape[0]} outputs, the base has {rows}");
        IWeightRows a = new StoredRows(module.A), b = Arrange(new StoredRows(module.B), layer, parts);
        if (module.Magnitude is null) return new LoraPart(a, b, first, module.Scale);
        if (module.Magnitude.Length != rows) throw QuireException.BadFile(adapter.Folder, $"{module.Name}: lora_magnitude_vector has {module.Magnitude.Length} elements, the base has {rows}");
        IWeightRows magnitude = Arrange(new ArrayRows(module.Name, module.Magnitude, 1), layer, parts);
        return new LoraPart(null, new DoraRows(new SlicedRows(Base(target, layer), first, rows), a, b, module.Scale, magnitude), first, 1);
    }

    // Rows as the model's product has them: heads that the family stores in another order are put in order as the base's are.
    private IWeightRows Arrange(IWeightRows stored, int layer, (WeightPart Part, int Rows)[] parts)
    {
        AttentionSpec? attention = spec.Layers[layer].Attention;
        if (parts[0].Part == WeightPart.Query && attention is { QkvByHead: true }) return new HeadByHeadRows(stored, attention.KvHeads, attention.Heads / attention.KvHeads, attention.HeadSize);
        var views = new IWeightRows[parts.Length];
        long first = 0;
        for (int i = 0; i < parts.Length; first += parts[i++].Rows)
        {
            views[i] = parts.Length == 1 ? stored : new SlicedRows(stored, first, parts[i].Rows);
            if (parts[i].Part is WeightPart.Query or WeightPart.Key && attention is { InterleavedRotary: true, Rope: { } rope }) views[i] = new HalfSplitRows(views[i], attention.HeadSize, rope.RotatedSize);
        }
        return views.Length == 1 ? views[0] : new StackedRows(views);
    }

    private IWeightRows Base(LoraTarget target, int layer)
    {
        LayerSpec of = spec.Layers[layer];
        int size = of.Mlp.IntermediateSize;
        return target switch
        {
            LoraTarget.Qkv => new StackedRows(weights.Value.Qkv(layer, spec.HiddenSize, of.Attention!)),
            LoraTarget.Output => weights.Value.Rows(WeightPart.Output, layer, spec.HiddenSize, of.Attention!.OutputInputs),
            LoraTarget.Up when of.Mlp.IsGated => new StackedRows(weights.Value.Split(layer, spec.HiddenSize, (WeightPart.Gate, size), (WeightPart.Up, size))),
            LoraTarget.Up => weights.Value.Rows(WeightPart.Up, layer, size, spec.HiddenSize),
            LoraTarget.Down => weights.Value.Rows(WeightPart.Down, layer, spec.HiddenSize, size),
            _ => weights.Value.Rows(spec.TiedEmbedding ? WeightPart.Embedding : WeightPart.Head, 0, spec.VocabularySize, spec.HiddenSize),
        };
    }

    private void ReadBias(LoraModule module, int layer, (WeightPart Part, int Rows)[] parts, int rows, Span<float> difference)
    {
        if (module.Bias!.Length != rows) throw QuireException.BadFile(adapter.Folder, $"{module.Name}: the bias has {module.Bias.Length} elements, the base has {rows}");
        if (weights.Value.IsGguf) throw QuireException.BadFile(adapter.Folder, $"{module.Name}: biases that an adapter has trained need a base of safetensors; GGUF keeps biases in another order");
        float[] own = weights.Value.Bias(module.Name, rows);
        IWeightRows arranged = Arrange(new ArrayRows(module.Name, [.. module.Bias.Zip(own, (now, before) => now - before)], 1), layer, parts);
        for (int row = 0; row < rows; row++) arranged.Read(row, difference.Slice(row, 1));
    }

    private void Embedding()
    {
        string name = Module(WeightPart.Embedding, 0);
        if (adapter.Modules.GetValueOrDefault(name) is not { IsEmbedding: true } module) return;
        used.Add(name);
        int rank = module.Rank, vocabulary = spec.VocabularySize;
        if (module.A!.Shape[1] != vocabulary || module.B!.Shape[0] != spec.HiddenSize)
            throw QuireException.BadFile(adapter.Folder, $"{name}: lora_embedding_A {module.A.Shape} and lora_embedding_B {module.B!.Shape} do not fit a vocabulary of {vocabulary} and rows of {spec.HiddenSize}");
        var table = new float[vocabulary * rank];
        var row = new float[vocabulary];
        for (int j = 0; j < rank; j++)
        {
            module.A.ReadRows(j, 1, row);
            for (int id = 0; id < vocabulary; id++) table[(id * rank) + j] = row[id];
        }
        var part = new LoraPart(null, new StoredRows(module.B), 0, module.Scale * spec.EmbeddingScale);
        updates[(LoraTarget.Embedding, 0)] = device.PrepareTableLora(new ArrayRows(name, table, rank), part);
    }

    private string Module(WeightPart part, int layer)
    {
        // A family whose head is always the embedding has no name for it, and no adapter can have one.
        if (!names.Has(part)) return part.ToString();
        string name = names.Name(part, layer);
        return name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : name;
    }
}
