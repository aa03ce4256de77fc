using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Models;

/// <summary>gpt-oss's MXFP4 experts as blocks of ggml, whose nibbles stand in another order.</summary>
internal static class GgufCopyBlocks
{
    private const string Blocks = "_proj_blocks", Scales = "_proj_scales";
    private const int BlockBytes = 16;

    public static bool Holds(string name) => name.EndsWith(Blocks, StringComparison.Ordinal) || name.EndsWith(Scales, StringComparison.Ordinal);

    public static void Write(Checkpoint origin, TinyGguf file)
    {
        foreach (string name in origin.TensorNames.Where(name => name.EndsWith(Blocks, StringComparison.Ordinal)))
        {
            CheckpointTensor blocks = origin.Get(name), scales = origin.Get(name.Replace(Blocks, Scales, StringComparison.Ordinal));
            string layer = name.Split('.')[2];
            if (name.Contains(".down", StringComparison.Ordinal))
            {
                Write(file, $"blk.{layer}.ffn_down_exps.weight", blocks, scales, 1, 0);
                continue;
            }
            // Rows of gate and up stand in turn.
            Write(file, $"blk.{layer}.ffn_gate_exps.weight", blocks, scales, 2, 0);
            Write(file, $"blk.{layer}.ffn_up_exps.weight", blocks, scales, 2, 1);
        }
    }

    // [experts, rows, blocks of a row, bytes]: every step-th row, from first on.
    private static void Write(TinyGguf file, string name, CheckpointTensor blocks, CheckpointTensor scales, int step, int first)
    {
        long experts = blocks.Shape[0], rows = blocks.Shape[1], perRow = blocks.Shape[2];
        byte[] codes = blocks.Bytes.AsSpan<byte>().ToArray(), exponents = scales.Bytes.AsSpan<byte>().ToArray();
        var data = new List<byte>();
        for (long row = first; row < experts * rows; row += step)
            for (long block = row * perRow; block < (row + 1) * perRow; block++)
            {
                data.Add(exponents[block]);
                for (int i = 0; i < BlockBytes; i++) data.Add((byte)(Element(block, i) | (Element(block, i + BlockBytes) << 4)));
            }
        file.Tensor(name, (uint)GgmlType.MXFP4, [perRow * 2 * BlockBytes, rows / step, experts], [.. data]);

        // Here neighbours share a byte; in ggml's blocks elements half a block apart do.
        int Element(long block, int i) => (codes[(block * BlockBytes) + (i / 2)] >> (i % 2 * 4)) & 15;
    }
}
