using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

public sealed class AttentionTests
{
    public static IEnumerable<TheoryDataRow<string, DType>> Cases =>
        from set in KernelSet.Available
        from type in (DType[])[DType.F32, DType.BF16, DType.F8E4M3]
        select new TheoryDataRow<string, DType>(set.Name, type);

    /// <summary>Where devices may round queries and weights to bf16: only some sets do, and only for keys and values of bf16.</summary>
    public static IEnumerable<TheoryDataRow<string, DType, CpuActivations>> RoundedCases =>
        from set in KernelSet.Available
        from type in (DType[])[DType.F32, DType.BF16, DType.F8E4M3]
        from activations in (CpuActivations[])[CpuActivations.F32, CpuActivations.BF16]
        select new TheoryDataRow<string, DType, CpuActivations>(set.Name, type, activations);

    [Theory, MemberData(nameof(RoundedCases))]
    public void Equals_a_double_precision_oracle(string set, DType type, CpuActivations activations)
    {
        foreach (AttentionCase c in AttentionCase.All(type).Select(c => c with { Activations = activations, Rounds = activations != CpuActivations.F32 && type == DType.BF16 && c.Latent == 0 && KernelSet.Named(set).HasFastBf16 }))
        {
            float[] actual = c.Run(set);
            double[] expected = c.Oracle();
            for (int i = 0; i < expected.Length; i++)
                Assert.True(Math.Abs(expected[i] - actual[i]) <= c.Tolerance, $"{c} element {i}: expected {expected[i]}, got {actual[i]}");
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Every_instruction_set_gives_the_same_bits(string set, DType type)
    {
        foreach (AttentionCase c in AttentionCase.All(type)) Assert.Equal(c.Run("portable"), c.Run(set));
    }

    [Theory, MemberData(nameof(RoundedCases))]
    public void A_row_has_the_same_bits_however_its_prompt_is_cut(string set, DType type, CpuActivations activations)
    {
        foreach (int window in (int[])[0, 40])
        {
            var whole = new AttentionCase(type, Heads: 6, KvHeads: 2, Size: 24, Window: window, [(0, 300)]) { Activations = activations };
            AssertEqualInPieces(whole, set);
        }
    }

    // 0 times an infinity is NaN, so rows before it show whether they multiplied it.
    [Theory, MemberData(nameof(RoundedCases))]
    public void An_infinite_value_reaches_only_the_rows_that_see_it(string set, DType type, CpuActivations activations)
    {
        if (type == DType.F8E4M3) return;
        foreach (int window in (int[])[0, 40])
        {
            var c = new AttentionCase(type, Heads: 6, KvHeads: 2, Size: 24, Window: window, [(0, 300)]) { Activations = activations, InfiniteToken = 207 };
            float[] rows = c.Run(set), finite = (c with { InfiniteToken = -1 }).Run(set);
            for (int i = 0; i < rows.Length; i++)
            {
                int token = i / (6 * 24);
                bool sees = token >= 207 && (window == 0 || token < 207 + window);
                Assert.True(sees ? float.IsInfinity(rows[i]) : rows[i] == finite[i], $"window {window}, token {token}: {rows[i]}");
            }
            AssertEqualInPieces(c, set);
        }
    }

    // Memory of earlier rows must not come out, and what is not a number must not pass as one.
    [Theory, MemberData(nameof(RoundedCases))]
    public void Scores_that_are_no_numbers_give_none(string set, DType type, CpuActivations activations)
    {
        if (type == DType.F8E4M3) return;
        foreach ((float key, float query) in (ReadOnlySpan<(float, float)>)[(float.NegativeInfinity, 1), (float.PositiveInfinity, 1), (float.NaN, 1), (1, float.NaN)])
        {
            foreach (int count in (int[])[1, 20, 300])
            {
                var victim = new AttentionCase(type, Heads: 2, KvHeads: 1, Size: 16, Window: 0, [(0, count)]) { Activations = activations };
                victim.Run(set);
                float[] rows = (victim with { StrangeKey = key, StrangeQuery = query }).Run(set);
                // Token 0, which every row sees; of - infinity later rows see others too.
                int strange = float.IsNegativeInfinity(key) ? 2 * 16 : rows.Length;
                Assert.All(rows[..strange], x => Assert.True(float.IsNaN(x), $"{key} times {query}, {count} tokens: {x}"));
                Assert.All(rows[strange..], x => Assert.True(float.IsFinite(x)));
            }
        }
    }

    private static void AssertEqualInPieces(AttentionCase whole, string set)
    {
        float[] expected = whole.Run(set);
        float[] pieces = [.. (((int, int)[])[(0, 37), (37, 200), (237, 1), (238, 62)]).SelectMany(piece => (whole with { Queries = [piece] }).Run(set))];
        Assert.Equal(expected, pieces);
    }

    /// <summary>Sequences whose first <c>Start</c> tokens are cached by an earlier step.</summary>
    private sealed record AttentionCase(DType Type, int Heads, int KvHeads, int Size, int Window, (int Start, int Count)[] Queries, float Cap = 0, bool HasSlopes = false, bool HasSinks = false, bool IsChunked = false, int Latent = 0, bool IsBidirectional = false)
    {
        /// <summary>What the device may round.</summary>
        public CpuActivations Activations { get; init; }

        /// <summary>The device rounds queries and weights to bf16.</summary>
        public bool Rounds { get; init; }

        /// <summary>A token whose values are infinite.</summary>
        public int InfiniteToken { get; init; } = -1;

        /// <summary>First element of token 0's keys, in a case of all ones.</summary>
        public float StrangeKey { get; init; } = 1;

        /// <summary>First element of all queries, in a case of all ones.</summary>
        public float StrangeQuery { get; init; } = 1;

        private bool IsStrange => StrangeKey is not 1 || StrangeQuery is not 1;

        public static IEnumerable<AttentionCase> All(DType type) =>
        [
            new(type, 1, 1, 16, 0, [(0, 1)]),
            new(type, 4, 2, 16, 0, [(0, 16), (5, 1), (0, 17), (31, 3)]),
            new(type, 3, 1, 80, 0, [(0, 49), (256, 1), (255, 2), (0, 100)]),
            new(type, 9, 3, 64, 0, [(700, 1), (0, 70)]),
            new(type, 2, 2, 24, 12, [(0, 49), (300, 1), (11, 3), (12, 1)]),
            new(type, 2, 1, 128, 300, [(600, 5)]),
            new(type, 4, 2, 16, 12, [(0, 49), (300, 1), (255, 2)], Cap: 0.5f),
            new(type, 8, 1, 256, 0, [(20, 9)]),
            new(type, 6, 2, 32, 0, [(0, 49), (300, 1), (511, 2), (3, 1)], HasSlopes: true),
            new(type, 6, 3, 16, 12, [(0, 49), (300, 1), (255, 2), (0, 1)], HasSinks: true),
            new(type, 4, 1, 64, 0, [(900, 1), (700, 1)], HasSlopes: true, HasSinks: true),
            new(type, 4, 2, 16, 32, [(0, 49), (300, 1), (31, 2), (63, 1)], IsChunked: true),
            new(type, 4, 2, 16, 0, [(0, 49), (0, 1), (0, 300), (0, 16)], IsBidirectional: true),
            new(type, 3, 3, 16, 9, [(0, 49), (0, 1), (0, 300), (0, 9)], IsBidirectional: true),
            new(type, 3, 1, 64, 0, [(1500, 1)]),
            new(type, 7, 1, 96, 0, [(511, 1), (40, 1), (800, 1)]),
            new(type, 2, 1, 16, 300, [(1100, 1), (3, 1)]),
            new(type, 32, 1, 96, 0, [(0, 20), (270, 1), (257, 2)]),
            new(type, 4, 1, 32, 0, [(0, 49), (300, 1), (255, 2), (0, 1)], Latent: 24),
            new(type, 16, 1, 576, 0, [(0, 18), (40, 1)], Latent: 512),
            new(type, 10, 1, 40, 0, [(1100, 1)], Latent: 32),
        ];

        private float Scale => 1 / MathF.Sqrt(Size);

        /// <summary>Scores of size 1 (of up to 60 more with slopes, where weights are tiny) with errors of (Size + 10) eps / 2, weights of sum 1 over values of size 1; cached numbers are rounded before both.
        /// Rounded queries are the oracle's too; rounded weights are wrong by half of 2^-8 of themselves at most.</summary>
        public double Tolerance => (1.2e-7 * (Size + 60)) + (Rounds ? 1.0 / 512 : 0);

        private static float Key(int sequence, int token, int head, int d) => Noise((sequence * 7919) + (token * 104729) + (head * 31) + d);

        private static float Noise(int n) => ((float)((uint)(n * 2654435761L) % 20011) / 10005f) - 1;

        private float Query(int sequence, int token, int head, int d) => Noise((sequence * 13) + (token * 977) + (head * 57) + d + 5);

        private static float Slope(int head) => 1f / (4 << head);

        private static float Sink(int head) => Noise(head + 3) * 2;

        private float Stored(float x) => Type == DType.F32 ? x : Type == DType.F8E4M3 ? Float8.WidenE4M3(Float8.RoundE4M3(x)) : ToBf16(x);

        private static float ToBf16(float x) => BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(x) + 0x7fff + ((BitConverter.SingleToUInt32Bits(x) >> 16) & 1)) & 0xffff0000);

        public float[] Run(string set)
        {
            List<NativeBuffer> owned = [];
            using var device = new CpuDevice(KernelSet.Named(set), KernelSets.Pool, DType.F32, Activations);
            var layout = new KvLayout(KvHeads, Size, Type, LatentSize: Latent);
            int longest = Queries.Max(q => q.Start + q.Count), width = (longest + 15) / 16, blocks = (width * Queries.Length) + 1;
            byte[] memory = new byte[blocks * layout.BlockBytes];
            // All bits set is NaN in both formats: what a row does not see must not reach it.
            Array.Fill(memory, (byte)0xff);
            var cache = new KvCache(KernelSets.Upload(owned, memory, DType.U8, new Shape(blocks, layout.BlockBytes)), layout);
            int[] table = [.. Enumerable.Range(0, Queries.Length * width).Select(i => blocks - 1 - i)];
            Tensor tables = KernelSets.Upload(owned, table, DType.I32, new Shape(Queries.Length, width));

            // First what earlier steps wrote, then this step.
            float[] result = [];
            foreach (bool isPast in (bool[])[true, false])
            {
                (int From, int To)[] spans = [.. Queries.Select(q => isPast ? (0, q.Start) : (q.Start, q.Start + q.Count))];
                int tokens = spans.Sum(s => s.To - s.From);
                if (tokens == 0) continue;
                List<float> rows = [];
                List<int> positions = [], slots = [];
                for (int s = 0; s < spans.Length; s++)
                {
                    for (int t = spans[s].From; t < spans[s].To; t++)
                    {
                        positions.Add(t);
                        slots.Add((table[(s * width) + (t / 16)] * 16) + (t % 16));
                        for (int h = 0; h < Heads; h++) rows.AddRange(Enumerable.Range(0, Size).Select(d => IsStrange ? d == 0 ? StrangeQuery : 1 : Query(s, t, h, d)));
                        for (int h = 0; h < 2 * KvHeads; h++) rows.AddRange(Enumerable.Range(0, Size).Select(d => t == InfiniteToken && h >= KvHeads ? float.PositiveInfinity : IsStrange ? d == 0 && t == 0 && h < KvHeads ? StrangeKey : 1 : Key(s, t, h, d)));
                    }
                }
                int[] starts = [0, .. spans.Select((_, i) => spans.Take(i + 1).Sum(s => s.To - s.From))];
                var batch = new AttentionBatch(
                    KernelSets.Upload(owned, positions.ToArray(), DType.I32, new Shape(tokens)),
                    KernelSets.Upload(owned, starts, DType.I32, new Shape(starts.Length)),
                    KernelSets.Upload(owned, spans.Select(s => s.To).ToArray(), DType.I32, new Shape(spans.Length)), tables,
                    KernelSets.Upload(owned, slots.ToArray(), DType.I32, new Shape(tokens)));
                Tensor query = KernelSets.Unwritten(owned, new Shape(tokens, Heads, Size)), output = KernelSets.Unwritten(owned, new Shape(tokens, Heads, layout.ValueSize));
                int rowSize = (Heads + (2 * KvHeads)) * Size;
                if (Latent == 0)
                {
                    device.SplitHeads(query, KernelSets.Upload(owned, rows.ToArray(), DType.F32, new Shape(tokens, rowSize)), cache, batch, new HeadRule(Heads, KvHeads, Size, default, default, default));
                }
                else
                {
                    // Queries whole; of the keys' row the first is the latent with what follows it.
                    float[] queries = [.. rows.Chunk(rowSize).SelectMany(row => row.Take(Heads * Size))], latents = [.. rows.Chunk(rowSize).SelectMany(row => row.Skip(Heads * Size).Take(Size))];
                    Tensor stored = KernelSets.Upload(owned, queries, DType.F32, new Shape(tokens, Heads, Size));
                    stored.AsSpan<float>().CopyTo(query.AsSpan<float>());
                    device.SplitLatent(query, stored, KernelSets.Upload(owned, latents, DType.F32, new Shape(tokens, Size)), cache, batch, new LatentRule(Latent, Latent, default, default));
                }
                if (isPast) continue;
                device.Attention(output, query, cache, batch, new AttentionRule(
                    Scale,
                    Window,
                    Cap,
                    HasSinks ? KernelSets.Upload(owned, Enumerable.Range(0, Heads).Select(Sink).ToArray(), DType.F32, new Shape(Heads)) : default,
                    HasSlopes ? KernelSets.Upload(owned, Enumerable.Range(0, Heads).Select(Slope).ToArray(), DType.F32, new Shape(Heads)) : default,
                    IsChunked,
                    IsBidirectional));
                result = output.AsSpan<float>().ToArray();
            }
            owned.ForEach(buffer => buffer.Dispose());
            return result;
        }

        public double[] Oracle()
        {
            List<double> all = [];
            for (int s = 0; s < Queries.Length; s++)
            {
                for (int t = Queries[s].Start; t < Queries[s].Start + Queries[s].Count; t++)
                {
                    for (int h = 0; h < Heads; h++)
                    {
                        int kv = h / (Heads / KvHeads), first = IsChunked ? t / Window * Window : Window > 0 ? Math.Max(0, t - Window + 1) : 0;
                        int length = Queries[s].Start + Queries[s].Count, end = !IsBidirectional ? t + 1 : Window > 0 ? Math.Min(length, t + Window) : length;
                        double[] scores = [.. Enumerable.Range(first, end - first).Select(p =>
                            Enumerable.Range(0, Size).Sum(d => (double)(Rounds ? ToBf16(Query(s, t, h, d)) : Query(s, t, h, d)) * Stored(Key(s, p, kv, d))) * Scale).Select((x, i) => HasSlopes ? x + (Slope(h) * (double)(first + i - t)) : x).Select(x => Cap > 0 ? Cap * Math.Tanh(x / Cap) : x)];
                        double max = scores.Max(), sum = scores.Sum(x => Math.Exp(x - max)) + (HasSinks ? Math.Exp(Sink(h) - max) : 0);
                        all.AddRange(Enumerable.Range(0, Latent > 0 ? Latent : Size).Select(d =>
                            Enumerable.Range(0, scores.Length).Sum(i => Math.Exp(scores[i] - max) / sum * Stored(Key(s, first + i, Latent > 0 ? kv : KvHeads + kv, d)))));
                    }
                }
            }
            return [.. all];
        }
    }
}
