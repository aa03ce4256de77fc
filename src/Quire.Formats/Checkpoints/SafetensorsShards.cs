namespace Quire.Formats;

/// <summary>Finds a folder's weights: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> names.</summary>
internal static class SafetensorsShards
{
    private const string SingleName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";

    /// <param name="files">Every opened file is added at once, so that the caller can close them whatever happens.</param>
    /// <returns>Tensors by name.</returns>
    public static Dictionary<string, SafetensorsTensor> Open(string folder, List<SafetensorsFile> files)
    {
        string single = Path.Combine(folder, SingleName), index = Path.Combine(folder, IndexName);
        if (File.Exists(single))
        {
            files.Add(SafetensorsFile.Open(single));
            return new Dictionary<string, SafetensorsTensor>(files[0].Tensors);
        }

        if (File.Exists(index)) return OpenShards(folder, index, files);
        bool pickled = Directory.EnumerateFiles(folder, "pytorch_model*.bin").Any();
        throw new QuireException(pickled ? ErrorKind.NotSupported : ErrorKind.NotFound,
            $"{folder} has neither {SingleName} nor {IndexName}{(pickled ? "; its pytorch_model.bin is not supported, convert it to safetensors" : "")}");
    }

    private static Dictionary<string, SafetensorsTensor> OpenShards(string folder, string index, List<SafetensorsFile> files)
    {
        ConfigObject root = ConfigObject.ReadFile(index);
        ConfigObject map = root.OptionalObject("weight_map") ?? throw root.Bad("weight_map", "is missing; an object was expected");

        var shards = new Dictionary<string, SafetensorsFile>();
        var tensors = new Dictionary<string, SafetensorsTensor>();
        foreach (string tensor in map.Names())
        {
            string shard = map.String(tensor);
            if (!shards.TryGetValue(shard, out SafetensorsFile? file))
            {
                file = OpenShard(folder, index, shard);
                files.Add(file);
                shards.Add(shard, file);
            }

            tensors[tensor] = file.Tensors.TryGetValue(tensor, out SafetensorsTensor? stored)
                ? stored
                : throw QuireException.BadFile(index, $"says that {tensor} is in {shard}, which has no such tensor");
        }

        return tensors;
    }

    private static SafetensorsFile OpenShard(string folder, string index, string shard)
    {
        // A file beside the index and nothing else: an index may come from anywhere.
        if (shard.Length is 0 or > 255 || shard.AsSpan().ContainsAny("/\\:\0") || shard is "." or "..")
            throw QuireException.BadFile(index, $"names the shard \"{shard}\"; the name of a file in the same folder was expected");
        string path = Path.Combine(folder, shard);
        return File.Exists(path)
            ? SafetensorsFile.Open(path)
            : throw QuireException.BadFile(index, $"names the shard {shard}, which does not exist in {folder}; download it again");
    }
}
