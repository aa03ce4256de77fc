using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Formats;

/// <summary>A GGUF file says the same about its model as the Hugging Face folder that it was made from.</summary>
[Trait("golden", "demo")]
public sealed class GgufConfigTests
{
    private static readonly string[] Sizes =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
        "max_position_embeddings", "eos_token_id",
    ];

    private static string Folder => Path.Combine(GoldenFolder.Models, "demo");

    /// <summary>Files are named after their folder: <c>model.Q8_0.gguf</c> beside <c>model/</c>.</summary>
    public static TheoryData<string> Cases() => GoldenCases.Names(Directory.Exists(Folder) ? Directory.GetFiles(Folder, "*.gguf").Where(path => Directory.Exists(Origin(path))) : []);

    [Theory, MemberData(nameof(Cases))]
    public void Configuration_equals_the_folder_of_the_same_name(string name)
    {
        Assert.SkipWhen(name.Length == 0, $"no GGUF file beside its folder in {Folder}");
        string path = Path.Combine(Folder, name);
        using Checkpoint gguf = Checkpoint.Open(path), folder = Checkpoint.Open(Origin(path));

        Assert.Equal(folder.Config.ModelType, gguf.Config.ModelType);
        Assert.Equal(folder.Config.Architectures, gguf.Config.Architectures);
        foreach (string size in Sizes)
            if (folder.Config.Has(size)) Assert.Equal((size, folder.Config.Int(size)), (size, gguf.Config.OptionalInt(size) ?? -1));

        // GGUF holds float32.
        Assert.Equal((float)folder.Config.Double("rms_norm_eps"), (float)gguf.Config.Double("rms_norm_eps"));
        Assert.Equal(folder.Config.OptionalBool("tie_word_embeddings") ?? false, gguf.Config.Bool("tie_word_embeddings"));
        Assert.Equal(folder.Config.Rope, gguf.Config.Rope);
        Assert.Equal(folder.Tokenizer.EosToken, gguf.Tokenizer.EosToken);
        Assert.Equal(folder.Tokenizer.ChatTemplate, gguf.Tokenizer.ChatTemplate);
        Assert.Equal(folder.TensorNames.Count, gguf.TensorNames.Count);
    }

    private static string Origin(string gguf) => Path.Combine(Folder, Path.GetFileName(gguf).Split('.')[0]);
}
