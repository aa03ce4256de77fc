using Quire.Formats;

namespace Quire.Tests.Formats;

public sealed class SentenceTransformersFolderTests
{
    private const string Usual = """[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]""";

    [Fact]
    public void Reads_what_the_folder_says()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(SentenceTransformersFolder.Read(folder.Path));
        Write(folder, Usual.Replace("}]", """},{"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]"""), """{"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true}""");
        File.WriteAllText(Path.Combine(folder.Path, "sentence_bert_config.json"), """{"max_seq_length":128,"do_lower_case":false}""");
        Assert.Equal(new SentenceTransformersFolder("mean_tokens", true, 128), SentenceTransformersFolder.Read(folder.Path));
        Write(folder, Usual, """{"pooling_mode_cls_token":false}""");
        File.Delete(Path.Combine(folder.Path, "sentence_bert_config.json"));
        Assert.Equal(new SentenceTransformersFolder("mean_tokens", false, null), SentenceTransformersFolder.Read(folder.Path));
    }

    [Theory]
    [InlineData("""{"pooling_mode":"mean","include_prompt":true}""", "mean_tokens")]
    [InlineData("""{"pooling_mode":"cls"}""", "cls_token")]
    [InlineData("""{"pooling_mode":["lasttoken"]}""", "lasttoken")]
    [InlineData("""{"pooling_mode":"max"}""", "max_tokens")]
    public void Reads_newer_files_too(string pooling, string mode)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Usual.Replace("sentence_transformers.models.", ""), pooling);
        Assert.Equal(mode, SentenceTransformersFolder.Read(folder.Path)!.PoolingMode);
    }

    [Theory]
    [InlineData("""{"a":1}""", "{}", "must hold a JSON array")]
    [InlineData("[1", "{}", "not valid JSON")]
    [InlineData("""[{"path":""}]""", "{}", "without a type")]
    [InlineData("""[{"type":"sentence_transformers.models.Dense","path":"2_Dense"}]""", "{}", "Dense is not supported")]
    [InlineData("""[{"type":"Pooling","path":"1_Pooling"},{"type":"Pooling","path":"1_Pooling"}]""", "{}", "two poolings")]
    [InlineData("""[{"type":"Pooling","path":"../1_Pooling"}]""", "{}", "leaves the folder")]
    [InlineData("""[{"type":"Pooling","path":"/etc"}]""", "{}", "leaves the folder")]
    [InlineData("""[{"type":"Pooling","path":"a\u0000b"}]""", "{}", "leaves the folder")]
    [InlineData(Usual, """{"pooling_mode":["cls","mean"]}""", "one pooling")]
    [InlineData(Usual, "", "is empty")]
    [InlineData(Usual, """{"pooling_mode_cls_token":true,"pooling_mode_max_tokens":true}""", "one pooling")]
    [InlineData(Usual, """{"pooling_mode_cls_token":true,"include_prompt":false}""", "include_prompt")]
    public void Refuses_what_it_does_not_know(string modules, string pooling, string said)
    {
        using var folder = new TemporaryFolder();
        Write(folder, modules, pooling);
        Assert.Contains(said, Assert.Throws<QuireException>(() => SentenceTransformersFolder.Read(folder.Path)).Message);
    }

    private static void Write(TemporaryFolder folder, string modules, string pooling)
    {
        File.WriteAllText(Path.Combine(folder.Path, "modules.json"), modules);
        Directory.CreateDirectory(Path.Combine(folder.Path, "1_Pooling"));
        File.WriteAllText(Path.Combine(folder.Path, "1_Pooling", "config.json"), pooling);
    }
}
