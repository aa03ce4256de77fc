using System.Text;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Tests.Formats;

/// <summary>
/// Bytes flipped, removed, repeated or cut off: a reader answers with values or with a <see cref="QuireException"/>, never with anything
/// else.
/// </summary>
public sealed class MutatedFileTests : IDisposable
{
    private const int Mutations = 3000;

    private static readonly byte[] Telling = [0, 1, 4, 8, 9, 0x22, 0x2C, 0x2D, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x7F, 0x80, 0xFF];

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Safetensors() => Fuzz("x.safetensors",
        TinySafetensors.With(("a", "F32", [2, 3], new byte[24]), ("b", "BF16", [4], new byte[8]), ("c", "U8", [0, 2], [])),
        path =>
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            foreach (SafetensorsTensor tensor in file.Tensors.Values) ReadAll(new CheckpointTensor(tensor));
        });

    [Fact]
    public void Gguf() => Fuzz("x.gguf",
        TinyGguf.Llama().Pair("nested", 9, TinyGguf.Array(9, TinyGguf.Array(0, [1], [2]))).Tensor("q", 12, [256, 2], new byte[288])
            .Tensor("rope_freqs.weight", 0, [1], BitConverter.GetBytes(1f)).Build(),
        path =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
            foreach (string name in checkpoint.TensorNames) ReadAll(checkpoint.Get(name));
            _ = checkpoint.Tokenizer;
            _ = checkpoint.Vocabulary;
        });

    [Fact]
    public void Configuration() => Fuzz("config.json",
        Encoding.UTF8.GetBytes("""
            {"model_type": "llama", "architectures": ["A"], "hidden_size": 64, "eos_token_id": [1, 2], "rope_theta": 1e4, "head_dim": 16, "rotary_dim": 8,
             "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 40}, "layer_types": ["full_attention"],
             "text_config": {"hidden_size": 32, "rope_parameters": {"full_attention": {"rope_theta": 5}}}, "quantization_config": {"bits": 4}}
            """),
        path =>
        {
            ModelConfig config = ModelConfig.Read(path);
            _ = (config.OptionalInt("hidden_size"), config.EosTokenIds, config.DType, config.Quantization);
        });

    [Fact]
    public void Shard_index()
    {
        folder.Write("config.json", "{}");
        folder.Write("s.safetensors", TinySafetensors.With(("a", "F32", [1], new byte[4])));
        Fuzz("model.safetensors.index.json", Encoding.UTF8.GetBytes("""{"metadata": {"total_size": 4}, "weight_map": {"a": "s.safetensors"}}"""), path => Checkpoint.Open(Path.GetDirectoryName(path)!).Dispose());
    }

    private void Fuzz(string name, byte[] valid, Action<string> read)
    {
        read(folder.Write(name, valid));
        var random = new Random(20250101);
        int refused = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] mutated = Mutate(valid, random);
            string path = folder.Write(name, mutated);
            try
            {
                read(path);
            }
            catch (QuireException)
            {
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"mutation {i}: {Convert.ToHexString(mutated)}: {e}");
            }
        }

        Assert.InRange(refused, Mutations / 10, Mutations);
    }

    private static byte[] Mutate(byte[] valid, Random random)
    {
        List<byte> bytes = [.. valid];
        for (int change = random.Next(1, 4); change > 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count), length = Math.Min(random.Next(1, 9), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = Telling[random.Next(Telling.Length)]; break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break;
                default:
                    for (int i = 0; i < length; i++) bytes[at + i] = 0xFF;
                    break;
            }
        }

        return [.. bytes];
    }

    private static void ReadAll(CheckpointTensor tensor)
    {
        if (!tensor.CanRead) return;
        // What is inside the file is small, but a mutated empty tensor may claim rows without end that hold nothing.
        var row = new float[Math.Min(tensor.Shape.Columns, 1 << 20)];
        if (row.Length == tensor.Shape.Columns && tensor.Shape.Rows > 0) tensor.ReadRows(tensor.Shape.Rows - 1, 1, row);
    }

    public void Dispose() => folder.Dispose();
}
