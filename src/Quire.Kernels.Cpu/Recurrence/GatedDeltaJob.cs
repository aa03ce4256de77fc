using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Recurrence;

/// <summary>A gated delta rule, token by token. One item is one value head of all rows.</summary>
/// <param name="rows">[tokens, width]: queries, keys, values, gates of the output.</param>
/// <param name="gates">[tokens, 2 * value heads]: beta before its sigmoid, and what the decay is made of.</param>
/// <param name="matrices">[slots, value heads][value vectors][key size][16].</param>
/// <remarks>Every vector of 16 value elements has its own chain over the key's elements, so its bits depend on nothing else.</remarks>
internal readonly unsafe struct GatedDeltaJob<T>(ComputePool pool, float* output, float* rows, int width, float* gates, float* matrices, StateBatch batch, DeltaRule rule) : IJob
    where T : unmanaged, ILanes<T>
{
    private const float LengthEpsilon = 1e-6f;

    public int Items => rule.ValueHeads;

    public void Run(int item, int worker)
    {
        int keySize = rule.KeySize, valueSize = rule.ValueSize, keyHead = item / (rule.ValueHeads / rule.KeyHeads), keys = rule.KeyHeads * keySize;
        int floats = DeltaRule.MatrixFloats(keySize, valueSize), vectors = (valueSize + 15) / 16;
        float* query = (float*)pool.Scratch(worker);
        float* key = query + keySize;
        float* value = key + keySize;
        float* result = value + (vectors * 16);
        float decayRate = ((float*)rule.Decay.Address)[item], decayBias = ((float*)rule.DecayBias.Address)[item];
        new Span<float>(value, vectors * 16).Clear();
        var segments = new StateSegments(batch);
        while (segments.MoveNext())
        {
            float* own = matrices + ((((long)segments.Own * rule.ValueHeads) + item) * floats);
            if (segments.Past < 0) new Span<float>(own, floats).Clear();
            else if (segments.Past != segments.Own) Buffer.MemoryCopy(matrices + ((((long)segments.Past * rule.ValueHeads) + item) * floats), own, floats * 4L, floats * 4L);
            for (int row = segments.First; row < segments.End; row++)
            {
                float* x = rows + ((long)row * width), gate = gates + ((long)row * 2 * rule.ValueHeads);
                Unit(x + (keyHead * keySize), keySize, 1 / MathF.Sqrt(keySize), query);
                Unit(x + keys + (keyHead * keySize), keySize, 1, key);
                float* stored = x + (2 * keys) + (item * valueSize);
                for (int i = 0; i < valueSize; i++) value[i] = stored[i];
                float decay = MathF.Exp(decayRate * Softplus(gate[rule.ValueHeads + item] + decayBias)), beta = 1 / (1 + MathF.Exp(-gate[item]));
                for (int v = 0; v < vectors; v++) T.Store(result + (v * 16), Step(own + ((long)v * keySize * 16), keySize, query, key, T.Load(value + (v * 16)), decay, beta));
                Write(output + (((long)row * rule.ValueHeads) + item) * valueSize, result, x + rule.Channels + (item * valueSize));
            }
        }
    }

    // A vector of value elements: its part of the matrix is [key size][16].
    private static T Step(float* matrix, int keySize, float* query, float* key, T value, float decay, float beta)
    {
        T kept = T.Broadcast(decay), remembered = T.Zero;
        for (int k = 0; k < keySize; k++)
        {
            T entry = T.Load(matrix + (k * 16)) * kept;
            T.Store(matrix + (k * 16), entry);
            remembered = T.Fma(entry, T.Broadcast(key[k]), remembered);
        }
        T change = (value - remembered) * T.Broadcast(beta), sum = T.Zero;
        for (int k = 0; k < keySize; k++)
        {
            T entry = T.Fma(T.Broadcast(key[k]), change, T.Load(matrix + (k * 16)));
            T.Store(matrix + (k * 16), entry);
            sum = T.Fma(entry, T.Broadcast(query[k]), sum);
        }
        return sum;
    }

    private static void Unit(float* from, int count, float scale, float* to)
    {
        double squares = 0;
        for (int i = 0; i < count; i++) squares += (double)from[i] * from[i];
        float factor = (float)(scale / Math.Sqrt(squares + LengthEpsilon));
        for (int i = 0; i < count; i++) to[i] = from[i] * factor;
    }

    private static float Softplus(float x) => x > 20 ? x : (float)Math.Log(1 + Math.Exp(x));

    // Normalised, weighted, and times the gate's SiLU.
    private void Write(float* to, float* from, float* gate)
    {
        double squares = 0;
        for (int i = 0; i < rule.ValueSize; i++) squares += (double)from[i] * from[i];
        float factor = (float)(1 / Math.Sqrt((squares / rule.ValueSize) + rule.Norm.Epsilon));
        float* weight = (float*)rule.Norm.Weight.Address;
        for (int i = 0; i < rule.ValueSize; i++) to[i] = weight[i] * (from[i] * factor) * (gate[i] / (1 + MathF.Exp(-gate[i])));
    }
}
