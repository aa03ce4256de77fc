namespace Quire.Tests.Loading;

public sealed class ModelLocationTests
{
    [Fact]
    public void A_hub_id_is_found_in_the_cache_by_its_main_reference()
    {
        string cache = Directory.CreateTempSubdirectory("quire-hub-").FullName;
        string snapshot = Path.Combine(cache, "models--someone--model", "snapshots", "abc123");
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(Path.Combine(cache, "models--someone--model", "refs"));
        File.WriteAllText(Path.Combine(cache, "models--someone--model", "refs", "main"), "abc123\n");
        Assert.Equal(snapshot, ModelLocation.Find("someone/model", cache));
        QuireException missing = Assert.Throws<QuireException>(() => ModelLocation.Find("someone/other", cache));
        Assert.Equal((ErrorKind.NotFound, true), (missing.Kind, missing.Message.Contains("hf download someone/other", StringComparison.Ordinal)));
        Directory.Delete(cache, recursive: true);
    }

    [Fact]
    public void Paths_come_before_names_and_nothing_leaves_the_cache()
    {
        string folder = Directory.CreateTempSubdirectory("quire-model-").FullName;
        Assert.Equal(folder, ModelLocation.Find(folder));
        Assert.True(Directory.Exists(ModelLocation.Find(ModelLocation.BuiltIn)));
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<QuireException>(() => ModelLocation.Find("missing../..model", folder)).Kind);
        Directory.Delete(folder);
    }
}
