using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Attention;
using Quire.Kernels.Cpu.Elements;
using Quire.Kernels.Cpu.Embedding;
using Quire.Kernels.Cpu.Experts;
using Quire.Kernels.Cpu.Gating;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Lora;
using Quire.Kernels.Cpu.Norm;
using Quire.Kernels.Cpu.Recurrence;
using Quire.Kernels.Cpu.Sampling;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu;

/// <summary>All CPU operations for one instruction set. A value: sets live side by side in a process; with f32 activations, and in products with int8 ones, they give the same bits.</summary>
public abstract partial class KernelSet
{
    /// <summary>Every set that this machine can run, the widest first. "portable" runs everywhere.</summary>
    public static IReadOnlyList<KernelSet> Available { get; } = Find();

    /// <summary>The set named by <c>QUIRE_CPU_ISA</c>, else the widest.</summary>
    /// <exception cref="QuireException">The variable names a set that this machine cannot run.</exception>
    public static KernelSet Default => Environment.GetEnvironmentVariable("QUIRE_CPU_ISA") is { Length: > 0 } name ? Named(name) : Available[0];

    /// <summary>amx, avx512, avxvnni, avx2 or portable.</summary>
    public abstract string Name { get; }

    /// <summary>Products and attention use tile registers (AMX).</summary>
    public abstract bool HasTileRegisters { get; }

    /// <summary>The fastest way that this set multiplies int8 numbers.</summary>
    public abstract Int8Instructions Int8 { get; }

    /// <exception cref="QuireException">This machine has no such set.</exception>
    public static KernelSet Named(string name) =>
        Available.FirstOrDefault(set => set.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new QuireException(ErrorKind.NotSupported, $"This CPU has no kernel set '{name}'; it has {string.Join(", ", Available.Select(set => set.Name))}.", param: "QUIRE_CPU_ISA");

    /// <summary>Rounds rows as a checkpoint says.</summary>
    internal abstract void Round(ComputePool pool, Tensor input, Tensor output, ActivationScheme scheme);

    /// <summary>The product with f32 activations.</summary>
    internal abstract void Linear(ComputePool pool, Tensor input, PackedWeight weight, ProductOutput output);

    /// <summary>Each head's product with f32 activations.</summary>
    internal abstract void HeadLinear(ComputePool pool, Tensor output, Tensor input, IReadOnlyList<PackedWeight> weights);

    /// <summary>This set has kernels for bf16 activations, and they are faster here than those for f32.</summary>
    internal abstract bool HasFastBf16 { get; }

    /// <summary>Memory for rows rounded to bf16.</summary>
    internal abstract long Bf16Bytes(long rows, long inputs);

    /// <summary>Products with two such weights may read the same rows rounded to bf16.</summary>
    internal abstract bool ShareBf16Rows(PackedFormat a, PackedFormat b);

    /// <summary>The product with activations rounded to bf16.</summary>
    /// <param name="rounded">Memory for the rounded rows.</param>
    internal abstract void LinearBf16(ComputePool pool, Tensor input, nint rounded, PackedWeight weight, ProductOutput output);

    /// <summary>Memory for rows rounded to int8, of that many products.</summary>
    internal abstract long Int8Bytes(long rows, long inputs, int products);

    /// <summary>The product of a coded weight with activations rounded to int8 by groups of 32, or with one scale for a whole row.</summary>
    /// <param name="rounded">Memory for the rounded rows.</param>
    internal abstract void LinearInt8(ComputePool pool, Tensor input, nint rounded, bool byRow, PackedWeight weight, ProductOutput output);

    /// <summary>Products with f32 activations, in one parallel region.</summary>
    internal abstract void LinearGroup(ComputePool pool, Tensor input, List<GroupedProduct> products);

    /// <summary>Products with activations rounded to bf16, whose weights <see cref="ShareBf16Rows"/>.</summary>
    /// <param name="rounded">Memory for the rounded rows.</param>
    internal abstract void LinearGroupBf16(ComputePool pool, Tensor input, nint rounded, List<GroupedProduct> products);

    /// <summary>Products of coded weights with activations rounded to int8.</summary>
    /// <param name="rounded">Memory for the rounded rows.</param>
    internal abstract void LinearGroupInt8(ComputePool pool, Tensor input, nint rounded, bool byRow, List<GroupedProduct> products);

    /// <summary>Sum of an adapter's ranks of one product at most.</summary>
    internal abstract int MaxLoraRank { get; }

    internal abstract void Lora(ComputePool pool, Tensor output, Tensor input, CpuLoraSlots adapters, Tensor slots);

    internal abstract void Norm(ComputePool pool, Tensor output, Tensor input, in NormWeight norm);

    internal abstract void Add(ComputePool pool, Tensor output, Tensor input, float scale);

    internal abstract void ScaleAndCap(ComputePool pool, Tensor values, float scale, float cap);

    internal abstract void SplitHeads(ComputePool pool, Tensor query, Tensor qkv, in KvCache cache, in AttentionBatch batch, in HeadRule rule, in LoraUpdate update);

    internal abstract void SplitLatent(ComputePool pool, Tensor query, Tensor rows, Tensor latents, in KvCache cache, in AttentionBatch batch, in LatentRule rule);

    /// <param name="mayRound">Queries and weights may be rounded to bf16 where keys and values are.</param>
    internal abstract void Attention(ComputePool pool, ScratchMemory scratch, Tensor output, Tensor query, in KvCache cache, in AttentionBatch batch, in AttentionRule rule, bool mayRound);

    internal abstract void GatedActivation(ComputePool pool, Tensor output, Tensor gateUp, Activation activation, float limit, in LoraUpdate update);

    internal abstract void Activate(ComputePool pool, Tensor values, Activation activation);

    /// <summary>output[row] = residual[row] + the sum over choices of weights * source[rowOf].</summary>
    internal abstract unsafe void AddWeighted(ComputePool pool, Tensor output, Tensor residual, Tensor source, int* rowOf, float* weights, int choices);

    internal abstract void CausalConv(ComputePool pool, Tensor output, Tensor rows, Tensor weight, in StateCache state, in StateBatch batch, bool isGated);

    internal abstract void GatedDelta(ComputePool pool, Tensor output, Tensor rows, Tensor gates, in StateCache state, in StateBatch batch, in DeltaRule rule);

    internal abstract void MultiplySigmoid(ComputePool pool, Tensor values, Tensor gates);

    internal abstract void Xielu(ComputePool pool, Tensor values, in XieluParameters parameters);

    internal abstract void Sample(ComputePool pool, Tensor logits, ReadOnlyMemory<SamplingRow> rows, ReadOnlyMemory<SampledToken> tokens);

    internal static unsafe void Embed(ComputePool pool, Tensor output, Tensor ids, PackedWeight table, float scale)
    {
        var job = new EmbeddingJob(table, (int*)ids.Address, (int)ids.Shape.Count, scale * table.Factor, (float*)output.Address);
        pool.Run(ref job, job.Items);
    }

    private static List<KernelSet> Find()
    {
        List<KernelSet> sets = [];
        if (CpuFeatures.Amx) sets.Add(new Kernels<Avx512Lanes, AmxBFloatTiles, Avx512Lanes>("amx"));
        if (Avx512Lanes.IsSupported) sets.Add(new Kernels<Avx512Lanes, VectorBFloatTiles, Avx512Lanes>("avx512"));
        if (Avx2Lanes.IsSupported && AvxVnni.IsSupported) sets.Add(new Kernels<Avx2Lanes, VectorBFloatTiles, AvxVnniDots>("avxvnni"));
        if (Avx2Lanes.IsSupported) sets.Add(new Kernels<Avx2Lanes, VectorBFloatTiles, Avx2Lanes>("avx2"));
        sets.Add(new Kernels<PortableLanes, VectorBFloatTiles, PortableLanes>("portable"));
        return sets;
    }

    private sealed unsafe partial class Kernels<T, TBFloat, TDots>(string name) : KernelSet
        where T : unmanaged, ILanes<T>
        where TBFloat : IBFloatTiles
        where TDots : IDots<T>
    {
        public override string Name => name;

        public override bool HasTileRegisters => TBFloat.AreTileRegisters;

        public override Int8Instructions Int8 =>
            HasTileRegisters ? Int8Instructions.Tiles
            : IntegerLinearJob<T, TDots>.HasEmitted ? Int8Instructions.Vnni512
            : TDots.Instructions;

        internal override void Round(ComputePool pool, Tensor input, Tensor output, ActivationScheme scheme)
        {
            var job = new SchemeRounding<T>((float*)input.Address, (float*)output.Address, (int)input.Shape.Columns, scheme);
            pool.Run(ref job, (int)input.Shape.Rows);
        }

        internal override int MaxLoraRank => LoraJob<T>.MaxRank;

        // A job over rows, each behind what its adapter adds to it.
        private static void RunAfter<TJob>(ComputePool pool, in LoraUpdate update, Tensor rows, TJob job, int rowsPerItem)
            where TJob : struct, IJob
        {
            int count = (int)rows.Shape.Rows, items = (count + rowsPerItem - 1) / rowsPerItem;
            if (update.Adapters is null)
            {
                pool.Run(ref job, items);
                return;
            }
            var lora = new LoraJob<T>(pool, (float*)rows.Address, (int)rows.Shape.Columns, (float*)update.Input.Address, (int)update.Input.Shape.Columns, null, CpuLoraSlots.Of(update.Adapters), (int*)update.Slots.Address, count);
            var both = new AfterLora<T, TJob>(lora, job, rowsPerItem, count);
            pool.Run(ref both, items);
        }

        internal override void Lora(ComputePool pool, Tensor output, Tensor input, CpuLoraSlots adapters, Tensor slots)
        {
            bool isTable = input.Type == DType.I32;
            var job = new LoraJob<T>(pool, (float*)output.Address, (int)output.Shape.Columns, isTable ? null : (float*)input.Address, isTable ? 0 : (int)input.Shape.Columns,
                isTable ? (int*)input.Address : null, adapters, (int*)slots.Address, (int)slots.Shape.Count);
            pool.Run(ref job, job.Items);
        }

        internal override void Norm(ComputePool pool, Tensor output, Tensor input, in NormWeight norm)
        {
            var job = new NormJob(output, input, norm);
            pool.Run(ref job, (int)(input.Shape.Rows + RowsPerItem - 1) / RowsPerItem);
        }

        internal override void Add(ComputePool pool, Tensor output, Tensor input, float scale)
        {
            var job = new AddJob<T>((float*)output.Address, (float*)input.Address, output.Shape.Count, scale);
            pool.Run(ref job, job.Items);
        }

        internal override void ScaleAndCap(ComputePool pool, Tensor values, float scale, float cap)
        {
            var job = new ScaleAndCapJob<T>((float*)values.Address, values.Shape.Count, scale, cap);
            pool.Run(ref job, job.Items);
        }

        internal override void SplitHeads(ComputePool pool, Tensor query, Tensor qkv, in KvCache cache, in AttentionBatch batch, in HeadRule rule, in LoraUpdate update)
        {
            // A block's tokens by one thread, where there are enough of them.
            int rows = (int)qkv.Shape.Rows, rowsPerItem = Math.Clamp(rows / (8 * pool.Workers), 1, KvLayout.BlockTokens);
            RunAfter(pool, update, qkv, new SplitHeadsJob<T>((float*)query.Address, (float*)qkv.Address, cache, batch, rule, rows, rowsPerItem), rowsPerItem);
        }

        internal override void SplitLatent(ComputePool pool, Tensor query, Tensor rows, Tensor latents, in KvCache cache, in AttentionBatch batch, in LatentRule rule)
        {
            var job = new SplitLatentJob<T>((float*)query.Address, (float*)rows.Address, (float*)latents.Address, (int)query.Shape[1], cache, batch, rule);
            pool.Run(ref job, (int)query.Shape[0]);
        }

        internal override void Attention(ComputePool pool, ScratchMemory scratch, Tensor output, Tensor query, in KvCache cache, in AttentionBatch batch, in AttentionRule rule, bool mayRound)
        {
            var job = new AttentionJob<T>(pool, (float*)output.Address, (float*)query.Address, (int)query.Shape[1], cache, batch, rule, !mayRound || !HasFastBf16 ? AttentionRounding.None : HasTileRegisters ? AttentionRounding.Tiles : AttentionRounding.Vectors);
            int partitions = AttentionPartitions<T>.Count(pool, job);
            if (partitions == 0)
            {
                pool.Run(ref job, job.Items);
                return;
            }
            int heads = job.SingleRowItems;
            float* partials = (float*)scratch.Get(AttentionPartitions<T>.Bytes(job, partitions));
            int* finished = (int*)(partials + ((long)heads * partitions * job.PartialFloats));
            new Span<int>(finished, heads).Clear();
            var spread = new AttentionPartitions<T>(job, heads, partitions, partials, finished);
            pool.Run(ref spread, spread.Items);
        }

        internal override void GatedActivation(ComputePool pool, Tensor output, Tensor gateUp, Activation activation, float limit, in LoraUpdate update)
        {
            RunAfter(pool, update, gateUp, new GateJob(output, gateUp, activation, limit), RowsPerItem);
        }

        internal override void Activate(ComputePool pool, Tensor values, Activation activation)
        {
            var job = new ActivateJob(values, activation);
            pool.Run(ref job, (int)(values.Shape.Rows + RowsPerItem - 1) / RowsPerItem);
        }

        internal override void AddWeighted(ComputePool pool, Tensor output, Tensor residual, Tensor source, int* rowOf, float* weights, int choices)
        {
            var job = new WeightedRowsJob<T>((float*)output.Address, residual.IsEmpty ? null : (float*)residual.Address, (float*)source.Address, rowOf, weights, choices, (int)output.Shape.Columns);
            pool.Run(ref job, (int)output.Shape.Rows);
        }

        internal override void CausalConv(ComputePool pool, Tensor output, Tensor rows, Tensor weight, in StateCache state, in StateBatch batch, bool isGated)
        {
            var job = new CausalConvJob<T>((float*)output.Address, (int)output.Shape.Columns, (float*)rows.Address, (int)rows.Shape.Columns, (float*)weight.Address,
                (int)weight.Shape[0], (int)weight.Shape[1], (float*)state.Window.Address, batch, isGated);
            pool.Run(ref job, job.Items);
        }

        internal override void GatedDelta(ComputePool pool, Tensor output, Tensor rows, Tensor gates, in StateCache state, in StateBatch batch, in DeltaRule rule)
        {
            var job = new GatedDeltaJob<T>(pool, (float*)output.Address, (float*)rows.Address, (int)rows.Shape.Columns, (float*)gates.Address, (float*)state.Matrices.Address, batch, rule);
            pool.Run(ref job, job.Items);
        }

        internal override void MultiplySigmoid(ComputePool pool, Tensor values, Tensor gates)
        {
            var job = new MultiplySigmoidJob<T>((float*)values.Address, (float*)gates.Address, values.Shape.Count);
            pool.Run(ref job, job.Items);
        }

        internal override void Xielu(ComputePool pool, Tensor values, in XieluParameters parameters)
        {
            var job = new XieluJob<T>((float*)values.Address, values.Shape.Count, parameters);
            pool.Run(ref job, job.Items);
        }

        internal override void Sample(ComputePool pool, Tensor logits, ReadOnlyMemory<SamplingRow> rows, ReadOnlyMemory<SampledToken> tokens)
        {
            var job = new SampleJob<T>(logits, rows, tokens);
            pool.Run(ref job, rows.Length);
        }

        private const int RowsPerItem = 4;

        private readonly struct NormJob(Tensor output, Tensor input, NormWeight norm) : IJob
        {
            public void Run(int item, int worker)
            {
                int columns = (int)input.Shape.Columns;
                long end = Math.Min(input.Shape.Rows, (item + 1) * (long)RowsPerItem);
                for (long row = item * (long)RowsPerItem; row < end; row++)
                    NormRow<T>.Apply((float*)output.Address + (row * columns), (float*)input.Address + (row * columns), norm, columns);
            }
        }

        private readonly struct ActivateJob(Tensor values, Activation activation) : IJob
        {
            public void Run(int item, int worker)
            {
                int columns = (int)values.Shape.Columns;
                long end = Math.Min(values.Shape.Rows, (item + 1) * (long)RowsPerItem);
                for (long row = item * (long)RowsPerItem; row < end; row++)
                    GatedActivationRow<T>.Apply((float*)values.Address + (row * columns), columns, activation);
            }
        }

        private readonly struct GateJob(Tensor output, Tensor gateUp, Activation activation, float limit) : IJob
        {
            public void Run(int item, int worker)
            {
                int columns = (int)output.Shape.Columns;
                long end = Math.Min(output.Shape.Rows, (item + 1) * (long)RowsPerItem);
                for (long row = item * (long)RowsPerItem; row < end; row++)
                {
                    float* gate = (float*)gateUp.Address + (row * 2 * columns);
                    if (activation == Activation.ClampedSwiglu) GatedActivationRow<T>.ApplyClamped((float*)output.Address + (row * columns), gate, gate + columns, columns, limit);
                    else GatedActivationRow<T>.Apply((float*)output.Address + (row * columns), gate, gate + columns, columns, activation);
                }
            }
        }
    }
}
