using Quire.Formats;

namespace Quire.Tests.Formats;

public sealed class TokenizerConfigTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Tokens_are_strings_or_objects()
    {
        folder.Write("tokenizer_config.json", """
            {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null, "add_bos_token": true,
             "tokenizer_class": "LlamaTokenizer", "model_max_length": 1000000000000000019884624838656, "chat_template": "T"}
            """);
        TokenizerConfig config = TokenizerConfig.ReadFolder(folder.Path);
        Assert.Equal(("<s>", "</s>", null, true, "LlamaTokenizer", "T"),
            (config.BosToken, config.EosToken, config.PadToken, config.AddBosToken, config.TokenizerClass, config.ChatTemplate));
    }

    [Fact]
    public void A_template_file_wins_over_the_configuration()
    {
        folder.Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "T"}, {"name": "rag", "template": "R"}]}""");
        folder.Write("chat_template.jinja", "J");
        TokenizerConfig config = TokenizerConfig.ReadFolder(folder.Path);
        Assert.Equal(("J", "R"), (config.ChatTemplate, config.ChatTemplates["rag"]));
    }

    [Fact]
    public void A_folder_may_have_nothing()
    {
        Assert.Null(TokenizerConfig.ReadFolder(folder.Path).ChatTemplate);
        Assert.Equal([], GenerationConfig.ReadFolder(folder.Path).EosTokenIds);
    }

    [Theory]
    [InlineData("""{"bos_token": 1}""")]
    [InlineData("""{"bos_token": {}}""")]
    [InlineData("""{"chat_template": 1}""")]
    [InlineData("""{"chat_template": ["T"]}""")]
    [InlineData("""{"chat_template": [{"name": "x"}]}""")]
    [InlineData("""{"add_bos_token": "yes"}""")]
    public void What_makes_no_sense_is_refused(string json)
    {
        folder.Write("tokenizer_config.json", json);
        Assert.Contains("tokenizer_config.json: ", Assert.Throws<QuireException>(() => TokenizerConfig.ReadFolder(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generation_settings_read_and_are_checked()
    {
        folder.Write("generation_config.json", """{"eos_token_id": [2, 3], "bos_token_id": 1, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "do_sample": true}""");
        GenerationConfig config = GenerationConfig.ReadFolder(folder.Path);
        Assert.Equal([2, 3], config.EosTokenIds);
        Assert.Equal((1, 0.6, 20, 0.95, true, null), (config.BosTokenId, config.Temperature, config.TopK, config.TopP, config.DoSample, config.RepetitionPenalty));

        folder.Write("generation_config.json", """{"temperature": "hot"}""");
        Assert.Throws<QuireException>(() => GenerationConfig.ReadFolder(folder.Path));
    }

    public void Dispose() => folder.Dispose();
}
