using System.Text.Json;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Formats;

/// <summary>Whole checkpoints open as one thing, whatever files they consist of.</summary>
public sealed class CheckpointTests
{
    public static TheoryData<string> Folders() => GoldenCases.Folders("families", "config.json");

    public static TheoryData<string> GgufFiles() => GoldenCases.Files("gguf/models", "*.gguf");

    [Theory, MemberData(nameof(Folders))]
    [Trait("golden", "families")]
    public void A_folder_opens_and_its_tensors_read(string family)
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenCases.Require("families", family));
        Assert.NotEmpty(checkpoint.TensorNames);
        ReadFirstRows(checkpoint);
    }

    [Theory, MemberData(nameof(GgufFiles))]
    [Trait("golden", "gguf")]
    public void A_GGUF_file_opens_with_configuration_and_vocabulary(string name)
    {
        string path = GoldenCases.Require("gguf/models", name);
        using JsonDocument golden = GoldenFolder.ReadJson(Path.Combine(Path.GetDirectoryName(path)!, "golden.json"));
        JsonElement expected = golden.RootElement.GetProperty(Path.GetFileNameWithoutExtension(name));

        using Checkpoint checkpoint = Checkpoint.Open(path);
        ModelConfig config = checkpoint.Config;
        Assert.Equal(expected.GetProperty("hf_model_type").GetString(), config.ModelType);
        foreach (JsonProperty type in expected.GetProperty("types").EnumerateObject())
            Assert.Equal(type.Value.GetString(), checkpoint.Get(type.Name).TypeName);

        CheckpointTensor embedding = checkpoint.Get("token_embd.weight");
        Assert.Equal((config.Int("vocab_size"), config.Int("hidden_size")), (embedding.Shape[0], embedding.Shape[1]));
        Assert.Equal(config.Int("vocab_size"), checkpoint.Vocabulary!.Tokens.Length);
        Assert.NotNull(checkpoint.Tokenizer.ChatTemplate);
        Assert.NotEmpty(checkpoint.Generation.EosTokenIds);
        ReadFirstRows(checkpoint);
    }

    private static void ReadFirstRows(Checkpoint checkpoint)
    {
        foreach (string name in checkpoint.TensorNames)
        {
            CheckpointTensor tensor = checkpoint.Get(name);
            var row = new float[tensor.Shape.Columns];
            if (!tensor.CanRead)
            {
                Assert.Equal(ErrorKind.NotSupported, Assert.Throws<QuireException>(() => tensor.ReadRows(0, 1, row)).Kind);
                continue;
            }

            tensor.ReadRows(tensor.Shape.Rows - 1, 1, row);
            Assert.All(row, value => Assert.True(float.IsFinite(value), $"{tensor}: {value}"));
        }
    }
}
