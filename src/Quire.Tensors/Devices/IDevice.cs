namespace Quire.Tensors;

/// <summary>The operations that models are written against. Each writes into memory that the caller gives; operations enqueue in order and only
/// <see cref="Readback"/> waits. Activations between operations are f32. A row's result depends on that row alone: not on its batch, not on the thread count.</summary>
public interface IDevice : IDisposable
{
    /// <summary>Name for people: "cpu (avx512, 2 threads)".</summary>
    string Name { get; }

    /// <summary>Zeroed memory of this device, alive until disposed.</summary>
    DeviceBuffer Allocate(long bytes);

    /// <summary>Most bytes that the device takes for itself in such steps: for activations that it rounds, rows that it sorts by expert, parts of attention that it merges.</summary>
    long ScratchBytes(StepDemand demand);

    /// <summary>Bytes that it has taken for itself so far.</summary>
    long HeldScratchBytes { get; }

    /// <summary>Copies host data into a tensor of this device, in order with the operations.</summary>
    /// <exception cref="ArgumentException">Lengths or element sizes differ.</exception>
    void Write<T>(Tensor destination, ReadOnlySpan<T> source) where T : unmanaged;

    /// <summary>Packs a weight into the device's own layout, once. Reads only the rows it needs.</summary>
    /// <param name="parts">Matrices of the same inputs, stacked along their outputs; each may be stored in its own way.</param>
    PreparedLinear Prepare(params ReadOnlySpan<IWeightRows> parts);

    /// <summary>output[t] = table row ids[t], times <paramref name="scale"/>.</summary>
    /// <param name="output">[tokens, columns] f32, written.</param>
    /// <param name="ids">[tokens] i32, each below the table's output features.</param>
    /// <param name="table">[vocabulary, columns]; the same prepared object serves a tied head.</param>
    void Embed(Tensor output, Tensor ids, PreparedLinear table, float scale);

    /// <summary>output = normalised input by row; input and output may be the same memory.</summary>
    /// <param name="output">[rows, columns] f32.</param>
    /// <param name="input">[rows, columns] f32.</param>
    /// <param name="norm">Its kind, weight [columns] f32, epsilon and bias.</param>
    void Norm(Tensor output, Tensor input, in NormWeight norm);

    /// <summary>output += scale * input.</summary>
    /// <param name="output">[rows, columns] f32.</param>
    /// <param name="input">[rows, columns] f32.</param>
    void Add(Tensor output, Tensor input, float scale);

    /// <summary>Every value x becomes scale * x, then cap * tanh(x / cap) where <paramref name="cap"/> is not 0.</summary>
    /// <param name="values">[rows, columns] f32.</param>
    void ScaleAndCap(Tensor values, float scale, float cap);

    /// <summary>output = input · weightᵀ, then + bias, then + residual.</summary>
    /// <param name="output">[rows, weight.OutputFeatures] f32. May be the residual, never the input.</param>
    /// <param name="input">[rows, weight.InputFeatures] f32.</param>
    /// <param name="weight">Prepared by this device.</param>
    /// <param name="epilogue">Bias and residual, each optional.</param>
    void Linear(Tensor output, Tensor input, PreparedLinear weight, in LinearEpilogue epilogue);

    /// <summary>Packs an adapter's update of one product.</summary>
    /// <param name="parts">Of one input; their outputs do not overlap.</param>
    /// <param name="bias">[outputs], added to rows of the adapter; empty adds nothing.</param>
    PreparedLora PrepareLora(IReadOnlyList<LoraPart> parts, ReadOnlySpan<float> bias);

    /// <summary>Packs an adapter's update of a table: rows get + scale * B a, with a the row of A that the id chooses.</summary>
    /// <param name="table">A, [vocabulary, rank].</param>
    /// <param name="part">B and scale; its A is not read.</param>
    PreparedLora PrepareTableLora(IWeightRows table, LoraPart part);

    /// <summary>A table of updates, empty.</summary>
    LoraSlots CreateLoraSlots();

    /// <summary>output += the update of each row's adapter. Rows of any number of adapters stand side by side.</summary>
    /// <param name="output">[rows, outputs] f32: what the product wrote.</param>
    /// <param name="input">[rows, inputs] f32; for tables i32 [rows], the ids.</param>
    /// <param name="adapters">Of this device.</param>
    /// <param name="slots">i32 [rows]: each row's slot, -1 for none.</param>
    void Lora(Tensor output, Tensor input, LoraSlots adapters, Tensor slots);

    /// <summary>Splits rows of [query | key | value], normalises heads where the rule asks, rotates query and key, writes key and value into the cache.</summary>
    /// <param name="query">[tokens, heads, headSize] f32, written.</param>
    /// <param name="qkv">[tokens, (heads + 2 kvHeads) * headSize] f32; its contents are spent.</param>
    /// <param name="cache">This layer's blocks.</param>
    /// <param name="batch">Positions and the slot mapping of the layer's KV group; slot -1 (padding) writes nothing.</param>
    /// <param name="rule">Head counts, norms and the rotary table.</param>
    /// <param name="update">Of <paramref name="qkv"/>, before all else.</param>
    void SplitHeads(Tensor query, Tensor qkv, in KvCache cache, in AttentionBatch batch, in HeadRule rule, in LoraUpdate update = default);

    /// <summary>Packs a matrix for each head, all of one shape.</summary>
    PreparedHeads PrepareHeads(IReadOnlyList<IWeightRows> heads);

    /// <summary>Every head's part of a row times that head's matrix.</summary>
    /// <param name="output">[rows, heads, at least the matrices' outputs] f32: each head's leading elements are written.</param>
    /// <param name="input">[rows, heads, at least the matrices' inputs] f32: each head's leading elements are read.</param>
    /// <param name="heads">Prepared by this device.</param>
    void HeadLinear(Tensor output, Tensor input, PreparedHeads heads);

    /// <summary>Rotates the trailing parts of query heads into place, normalises and rotates latents, and writes them into the cache.</summary>
    /// <param name="query">[tokens, heads, latent + rotated] f32: each head's trailing, rotated elements are written.</param>
    /// <param name="rows">[tokens, heads, plain + rotated] f32.</param>
    /// <param name="latents">[tokens, latent + rotated] f32; spent.</param>
    /// <param name="cache">This layer's blocks, of a latent layout.</param>
    /// <param name="batch">Positions and the slot mapping of the layer's KV group; slot -1 (padding) writes nothing.</param>
    void SplitLatent(Tensor query, Tensor rows, Tensor latents, in KvCache cache, in AttentionBatch batch, in LatentRule rule);

    /// <summary>Attention of each query row over its sequence's cached keys and values, read through the block table.</summary>
    /// <param name="output">[tokens, heads, size of a value] f32, written.</param>
    /// <param name="query">[tokens, heads, headSize] f32, rotated.</param>
    /// <param name="cache">This layer's blocks of 16 tokens; rows of this step are already written.</param>
    /// <param name="batch">QueryStart, SeqLens and the block table of the layer's KV group.</param>
    /// <param name="rule">Scale and window.</param>
    void Attention(Tensor output, Tensor query, in KvCache cache, in AttentionBatch batch, in AttentionRule rule);

    /// <summary>A convolution over each sequence's tokens, channel by channel; the states of its slots are read and written.</summary>
    /// <param name="output">[tokens, at least channels] f32: leading channels are written. May be <paramref name="rows"/> where nothing is gated.</param>
    /// <param name="rows">[tokens, at least channels] f32; gated, [tokens, 3 * channels]: gates of the input, gates of the output, and the input.</param>
    /// <param name="weight">f32 [kernel, channels], that of the oldest token first.</param>
    /// <param name="state">This layer's slots.</param>
    /// <param name="batch">Slots of each sequence.</param>
    /// <param name="isGated">output = gate of the output * convolution(gate of the input * input); otherwise SiLU(convolution(rows)).</param>
    void CausalConv(Tensor output, Tensor rows, Tensor weight, in StateCache state, in StateBatch batch, bool isGated);

    /// <summary>A gated delta rule over each sequence's tokens; the states of its slots are read and written.</summary>
    /// <param name="output">[tokens, value heads * value size] f32, written.</param>
    /// <param name="rows">[tokens, channels + value heads * value size] f32: queries, keys, values, and gates of the output before their SiLU.</param>
    /// <param name="gates">[tokens, 2 * value heads] f32: beta before its sigmoid, and a of the decay.</param>
    void GatedDelta(Tensor output, Tensor rows, Tensor gates, in StateCache state, in StateBatch batch, in DeltaRule rule);

    /// <summary>values *= sigmoid(gates).</summary>
    /// <param name="values">[rows, columns] f32.</param>
    /// <param name="gates">[rows, columns] f32.</param>
    void MultiplySigmoid(Tensor values, Tensor gates);

    /// <summary>output = activation(gate) * up of the product [gate | up].</summary>
    /// <param name="output">[rows, columns] f32.</param>
    /// <param name="gateUp">[rows, 2 * columns] f32, may be overwritten with the product.</param>
    /// <param name="weight">2 * columns output features.</param>
    /// <param name="bias">[2 * columns]; empty adds nothing.</param>
    /// <param name="activation">Any but <see cref="Activation.ClampedSwiglu"/>.</param>
    void GatedLinear(Tensor output, Tensor gateUp, Tensor input, PreparedLinear weight, Tensor bias, Activation activation);

    /// <summary>output = activation(gate) * up, for rows of [gate | up].</summary>
    /// <param name="output">[rows, columns] f32.</param>
    /// <param name="gateUp">[rows, 2 * columns] f32.</param>
    /// <param name="limit">Of <see cref="Activation.ClampedSwiglu"/>.</param>
    /// <param name="update">Of <paramref name="gateUp"/>, before all else.</param>
    void GatedActivation(Tensor output, Tensor gateUp, Activation activation, float limit = 0, in LoraUpdate update = default);

    /// <summary>output = residual + the weighted sum of the experts that the router chooses for each row.</summary>
    /// <param name="output">[rows, hidden] f32; may be the residual or the input.</param>
    /// <param name="input">[rows, hidden] f32.</param>
    /// <param name="logits">[rows, experts] f32: the router's; spent.</param>
    /// <param name="layer">Weights prepared by this device.</param>
    /// <param name="limit">Of the activation.</param>
    /// <param name="residual">Empty adds nothing.</param>
    void Experts(Tensor output, Tensor input, Tensor logits, ExpertWeights layer, in RouterRule rule, Activation activation, float limit, Tensor residual);

    /// <summary>output += sigmoid(gate) * input, by row.</summary>
    /// <param name="gates">[rows, 1] f32; spent.</param>
    void AddGated(Tensor output, Tensor input, Tensor gates);

    /// <summary>Every value x becomes activation(x).</summary>
    /// <param name="values">[rows, columns] f32.</param>
    void Activate(Tensor values, Activation activation);

    /// <summary>Every value x becomes what <see cref="XieluParameters"/> says.</summary>
    /// <param name="values">[rows, columns] f32.</param>
    void Xielu(Tensor values, in XieluParameters parameters);

    /// <summary>output[i] = input[rows[i]].</summary>
    /// <param name="output">[n, columns] f32.</param>
    /// <param name="input">[any, columns] f32.</param>
    /// <param name="rows">[n] i32.</param>
    void GatherRows(Tensor output, Tensor input, Tensor rows);

    /// <summary>output[i] = one row of input rows starts[i] to starts[i + 1] - 1.</summary>
    /// <param name="output">[n, columns] f32.</param>
    /// <param name="input">[any, columns] f32.</param>
    /// <param name="starts">[n + 1] i32, each greater than the one before.</param>
    void PoolRows(Tensor output, Tensor input, Tensor starts, RowPooling pooling);

    /// <summary>Chooses a token for every row of logits, in the order of operations documented at <see cref="SamplingRow"/>.</summary>
    /// <param name="logits">[rows.Length, vocabulary] f32; spent.</param>
    /// <param name="rows">One per row of logits, in order.</param>
    /// <param name="tokens">One per row, written.</param>
    void Sample(Tensor logits, ReadOnlyMemory<SamplingRow> rows, ReadOnlyMemory<SampledToken> tokens);

    /// <summary>Waits for everything enqueued so far. What operations wrote to host memory is valid afterwards.</summary>
    void Readback();
}

/// <summary>Memory of a device.</summary>
public abstract class DeviceBuffer : IDisposable
{
    public abstract long Length { get; }

    /// <summary>A view of the bytes from <paramref name="offset"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The view does not fit.</exception>
    public abstract Tensor Tensor(DType type, Shape shape, long offset = 0);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
