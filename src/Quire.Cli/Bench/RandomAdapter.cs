using System.Runtime.InteropServices;
using Quire.Formats;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Cli;

/// <summary>Writes an adapter of all projections of a Llama-like model with random bf16 numbers.</summary>
internal static class RandomAdapter
{
    public static void Write(ModelSpec model, int rank, int seed, string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), $$"""{"peft_type": "LORA", "r": {{rank}}, "lora_alpha": {{2 * rank}}}""");
        var random = new Random(seed);
        List<SafetensorsPart> parts = [];
        for (int layer = 0; layer < model.Layers.Count; layer++)
        {
            LayerSpec of = model.Layers[layer];
            AttentionSpec attention = of.Attention ?? throw new QuireException(ErrorKind.NotSupported, "recurrent layers have no adapters");
            int queries = attention.Heads * attention.HeadSize, keys = attention.KvHeads * attention.HeadSize, middle = of.Mlp.IntermediateSize;
            Add($"layers.{layer}.self_attn.q_proj", model.HiddenSize, queries);
            Add($"layers.{layer}.self_attn.k_proj", model.HiddenSize, keys);
            Add($"layers.{layer}.self_attn.v_proj", model.HiddenSize, keys);
            Add($"layers.{layer}.self_attn.o_proj", queries, model.HiddenSize);
            Add($"layers.{layer}.mlp.gate_proj", model.HiddenSize, middle);
            Add($"layers.{layer}.mlp.up_proj", model.HiddenSize, middle);
            Add($"layers.{layer}.mlp.down_proj", middle, model.HiddenSize);
        }
        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), parts);

        void Add(string module, int inputs, int outputs)
        {
            parts.Add(Part($"base_model.model.model.{module}.lora_A.weight", rank, inputs, 1 / MathF.Sqrt(inputs)));
            parts.Add(Part($"base_model.model.model.{module}.lora_B.weight", outputs, rank, 0.02f));
        }

        SafetensorsPart Part(string name, int rows, int columns, float scale)
        {
            var values = new ushort[rows * columns];
            for (int i = 0; i < values.Length; i++) values[i] = (ushort)(BitConverter.SingleToUInt32Bits((random.NextSingle() - 0.5f) * scale) >> 16);
            return new SafetensorsPart(name, "BF16", new Shape(rows, columns), values.Length * 2L, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
        }
    }
}
