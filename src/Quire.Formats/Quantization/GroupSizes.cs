namespace Quire.Formats;

/// <summary>Group sizes as files write them: -1 is one group of all inputs.</summary>
internal static class GroupSizes
{
    public static int Read(ConfigObject config, string key) => config.Int(key, -1) switch
    {
        0 => throw config.Bad(key, "is 0; a positive size, or -1 for all inputs, was expected"),
        int size => size,
    };

    public static int Of(int size, long inputs) => size < 0 || size > inputs ? (int)inputs : size;

    public static string Text(int size) => size < 0 ? "one group for each output" : $"groups of {size}";
}
