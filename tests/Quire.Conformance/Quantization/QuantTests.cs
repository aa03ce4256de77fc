using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Quire.Conformance.Models;
using Quire.Formats;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Quantization;

[Trait("golden", "quant")]
public sealed class QuantTests
{
    public static IEnumerable<TheoryDataRow<string>> Names => QuantCase.Names;

    [Theory, MemberData(nameof(Names))]
    public void Stored_bits_mean_the_exact_numbers_of_the_reference(string name)
    {
        using QuantCase golden = QuantCase.Load(name);
        using Checkpoint checkpoint = Checkpoint.Open(golden.Model);
        foreach (JsonProperty module in golden.Root.GetProperty("dequantised_sha256").EnumerateObject())
        {
            IWeightRows rows = golden.Open(checkpoint, module.Name[..^".weight".Length]);
            var values = new float[rows.Shape.Count];
            for (long row = 0; row < rows.Shape[0]; row++) rows.Read(row, values.AsSpan((int)(row * rows.Shape[1]), (int)rows.Shape[1]));
            Assert.True(module.Value.GetString() == Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan()))), module.Name);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Products_are_those_of_the_numbers_on_every_kernel_set(string name)
    {
        using QuantCase golden = QuantCase.Load(name);
        using Checkpoint checkpoint = Checkpoint.Open(golden.Model);
        using var pool = new ComputePool(2);
        foreach (string module in golden.Root.GetProperty("quantised_modules").EnumerateObject().Select(m => m.Name).Where(m => m.Contains("layers.0.", StringComparison.Ordinal)))
        {
            IWeightRows rows = golden.Open(checkpoint, module);
            var random = new Random(4);
            float[][] x = [.. Enumerable.Range(0, 7).Select(_ => Enumerable.Range(0, (int)rows.Shape[1]).Select(_ => (random.NextSingle() - 0.5f) * 4).ToArray())];
            float[][] y = DoubleProduct(new WithoutActivations(rows), x);
            foreach (KernelSet set in KernelSet.Available)
                foreach (CpuActivations activations in Enum.GetValues<CpuActivations>())
                    CheckProduct(set, pool, activations, new WithoutActivations(rows), x, x, y);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Inputs_are_rounded_exactly_as_the_checkpoint_says(string name)
    {
        using QuantCase golden = QuantCase.Load(name);
        if (!golden.Root.TryGetProperty("linear", out JsonElement linear) || linear.ValueKind != JsonValueKind.Object) Assert.Skip($"{name} has no case of a single product");
        using Checkpoint checkpoint = Checkpoint.Open(golden.Model);
        IWeightRows rows = golden.Open(checkpoint, linear.GetProperty("module").GetString()!);
        float[][] x = golden.Rows("linear.x"), rounded = golden.Rows("linear.x_dequantised"), y = golden.Rows("linear.y");
        using var pool = new ComputePool(2);
        foreach (KernelSet set in KernelSet.Available)
        {
            using var device = new CpuDevice(set, pool);
            // A product with the unit matrix shows the inputs.
            float[] actual = Product(device, new UnitMatrix(x[0].Length, rows.Coding?.Activations), x, x[0].Length);
            Assert.Equal(rounded.SelectMany(row => row), actual);
            foreach (CpuActivations activations in Enum.GetValues<CpuActivations>()) CheckProduct(set, pool, activations, rows, x, rounded, y);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Logits_and_greedy_tokens_are_the_references_with_rounded_inputs(string name)
    {
        (QuantCase golden, _) = QuantCase.LoadModel(name);
        using (golden)
        {
            if (!golden.Root.TryGetProperty("activation_quantised", out JsonElement expected) || expected.ValueKind != JsonValueKind.Object) Assert.Skip($"{name} has no reference with rounded inputs");
            using var runner = new ForwardRunner(golden.Model);
            Compare(golden, "activation_quantised", expected, runner);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Logits_and_greedy_tokens_are_the_references_by_weights_alone(string name)
    {
        (QuantCase golden, _) = QuantCase.LoadModel(name);
        using (golden)
        {
            using var runner = new ForwardRunner(golden.Model, quantization: scheme => new WeightOnly(scheme));
            Compare(golden, "weight_only", golden.Root.GetProperty("weight_only"), runner);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Logits_and_greedy_tokens_are_the_references_with_float8_keys_and_values(string name)
    {
        (QuantCase golden, _) = QuantCase.LoadModel(name);
        using (golden)
        {
            if (!golden.Root.TryGetProperty("kv_quantised", out JsonElement expected) || expected.ValueKind != JsonValueKind.Object) Assert.Skip($"{name} has no scales of keys and values");
            using (var runner = new ForwardRunner(golden.Model, quantization: scheme => new WeightOnly(scheme), cache: DType.F8E4M3)) Compare(golden, "kv_quantised", expected, runner);
            if (!golden.Root.TryGetProperty("activation_and_kv_quantised", out expected) || expected.ValueKind != JsonValueKind.Object) return;
            using (var runner = new ForwardRunner(golden.Model, cache: DType.F8E4M3)) Compare(golden, "activation_and_kv_quantised", expected, runner);
        }
    }

    private static float[][] DoubleProduct(IWeightRows rows, float[][] x)
    {
        float[][] y = [.. x.Select(_ => new float[rows.Shape[0]])];
        var weight = new float[rows.Shape[1]];
        for (int n = 0; n < rows.Shape[0]; n++)
        {
            rows.Read(n, weight);
            for (int row = 0; row < x.Length; row++) y[row][n] = (float)weight.Zip(x[row], (w, v) => (double)w * v).Sum();
        }
        return y;
    }

    /// <param name="rounded">What the product multiplies.</param>
    private static void CheckProduct(KernelSet set, ComputePool pool, CpuActivations activations, IWeightRows rows, float[][] x, float[][] rounded, float[][] y)
    {
        int outputs = (int)rows.Shape[0], inputs = (int)rows.Shape[1];
        using var device = new CpuDevice(set, pool, DType.F32, activations);
        float[] actual = Product(device, rows, x, outputs);
        var weight = new float[inputs];
        for (int n = 0; n < outputs; n++)
        {
            rows.Read(n, weight);
            for (int row = 0; row < x.Length; row++)
            {
                double tolerance = 1e-9, largest = rounded[row].Max(Math.Abs);
                for (int k = 0; k < inputs; k++)
                {
                    double magnitude = Math.Abs(rounded[row][k]), error = activations switch
                    {
                        CpuActivations.F32 => 0,
                        // Inputs and coded weights with 8 bits of mantissa.
                        CpuActivations.BF16 => magnitude / 128,
                        _ => Math.Max(magnitude / 128, largest / 254),
                    };
                    tolerance += Math.Abs(weight[k]) * ((magnitude * inputs * 1.2e-7) + error);
                }
                if (activations == CpuActivations.Int8 && rows.Coding!.HasZeros) tolerance += weight.Max(Math.Abs) * largest * inputs * 16 * 1.2e-7;
                Assert.True(Math.Abs(actual[(row * outputs) + n] - y[row][n]) <= tolerance, $"{rows.Name} {set.Name} {activations} [{row}, {n}]: {actual[(row * outputs) + n]}, reference {y[row][n]}, tolerance {tolerance}");
            }
        }
    }

    private static void Compare(QuantCase golden, string variant, JsonElement expected, ForwardRunner runner)
    {
        JsonElement[] prompts = [.. expected.GetProperty("prompts").EnumerateArray()];
        int[][] ids = [.. prompts.Select(p => Ints(p.GetProperty("ids")))], greedy = [.. prompts.Select(p => Ints(p.GetProperty("greedy")))];
        double[] tolerance = [.. prompts.Select(p => p.TryGetProperty("tolerance", out JsonElement own) ? own.GetDouble() : expected.GetProperty("tolerance").GetProperty("f32").GetDouble())];
        float[][][] logits = runner.Logits([.. ids.Select((prompt, i) => prompt.Concat(greedy[i]).ToArray())]);
        float[][] last = golden.Rows($"{variant}.last_logits"), all = golden.Rows($"{variant}.logits_len17");
        for (int prompt = 0; prompt < ids.Length; prompt++)
        {
            int end = ids[prompt].Length - 1;
            Assert.True(Distance(last[prompt], logits[prompt][end]) <= tolerance[prompt], $"prompt {prompt}: {Distance(last[prompt], logits[prompt][end]):g3}, tolerance {tolerance[prompt]:g3}");
            if (ids[prompt].Length == all.Length && prompt == 3)
                for (int row = 0; row < all.Length; row++) Assert.True(Distance(all[row], logits[prompt][row]) <= tolerance[prompt], $"row {row}: {Distance(all[row], logits[prompt][row]):g3}");
            double[] margins = [.. prompts[prompt].GetProperty("margins").EnumerateArray().Select(m => m.GetDouble())];
            for (int step = 0; step < margins.Length && margins[step] >= 2 * tolerance[prompt]; step++)
            {
                float[] row = logits[prompt][end + step];
                Assert.True(greedy[prompt][step] == Array.IndexOf(row, row.Max()), $"prompt {prompt} step {step}");
            }
        }
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max();

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];

    private static float[] Product(CpuDevice device, IWeightRows rows, float[][] x, int outputs)
    {
        using PreparedLinear weight = device.Prepare(rows);
        using DeviceBuffer input = device.Allocate(4L * x.Length * x[0].Length), output = device.Allocate(4L * x.Length * outputs);
        Tensor from = input.Tensor(DType.F32, new Shape(x.Length, x[0].Length)), to = output.Tensor(DType.F32, new Shape(x.Length, outputs));
        device.Write<float>(from, x.SelectMany(row => row).ToArray());
        device.Linear(to, from, weight, default);
        return to.AsSpan<float>().ToArray();
    }

    private sealed class WithoutActivations(IWeightRows rows) : IWeightRows
    {
        public string Name => rows.Name;

        public Shape Shape => rows.Shape;

        public WeightFormat Format => rows.Format;

        public CodedLayout? Coding => rows.Coding! with { Activations = null };

        public void Read(long row, Span<float> values) => rows.Read(row, values);

        public ReadOnlySpan<byte> Raw(long row) => rows.Raw(row);

        public void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros) => rows.ReadCodes(row, codes, scales, zeros);
    }

    private sealed class WeightOnly(QuantizationScheme scheme) : QuantizationScheme
    {
        public override string Name => scheme.Name;

        public override string Description => scheme.Description;

        public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs) => scheme.Open(module, outputs, inputs) is { } rows ? new WithoutActivations(rows) : null;
    }

    private sealed class UnitMatrix(int size, ActivationScheme? activations) : CodedRows("unit", size, size, new CodedLayout(CodeKind.Unsigned8, size, DType.F32) { Activations = activations })
    {
        public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
        {
            codes.Fill(128);
            codes[(int)row] = 129;
            scales.Fill(1);
        }
    }
}
