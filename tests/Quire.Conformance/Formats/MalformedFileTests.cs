using System.Diagnostics;
using System.Text.Json;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Formats;

/// <summary>
/// Corrupt files are refused with a sentence that names the file: no crash, no hang, no memory beyond what the file's size explains.
/// </summary>
[Trait("golden", "gguf")]
public sealed class MalformedFileTests
{
    private const string Folder = "gguf/malformed";

    // What the first use of a type costs, and per byte of file: a key of one letter becomes a few objects of some tens of bytes.
    private const long FixedBytes = 512 << 10, BytesPerFileByte = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static TheoryData<string> Cases()
    {
        if (GoldenFolder.Find("gguf") is not { } gguf || !File.Exists(Path.Combine(gguf, "malformed", "malformed.json"))) return [""];
        using JsonDocument list = GoldenFolder.ReadJson(Path.Combine(gguf, "malformed", "malformed.json"));
        return GoldenCases.Names(list.RootElement.EnumerateObject().Select(property => property.Name));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Is_refused_or_read_as_the_list_expects(string name)
    {
        string path = GoldenCases.Require(Folder, name);
        using JsonDocument list = GoldenFolder.ReadJson(Path.Combine(Path.GetDirectoryName(path)!, "malformed.json"));
        string expected = list.RootElement.GetProperty(name).GetProperty("expected").GetString()!;

        (Exception? error, long allocated) = Watch(() => OpenAndReadAll(path));

        Assert.True(error is null or QuireException, $"{error}");
        if (expected == "reject") Assert.NotNull(error);
        if (expected.StartsWith("accept", StringComparison.Ordinal) && !expected.Contains("reject", StringComparison.Ordinal)) Assert.Null(error);
        if (error is not null) Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.InRange(allocated, 0, FixedBytes + (new FileInfo(path).Length * BytesPerFileByte));
    }

    private static void OpenAndReadAll(string path)
    {
        if (path.EndsWith(".gguf", StringComparison.Ordinal))
        {
            using GgufFile file = GgufFile.Open(path);
            foreach (GgufTensor tensor in file.Tensors.Values) ReadAll(new CheckpointTensor(tensor));
        }
        else
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            foreach (SafetensorsTensor tensor in file.Tensors.Values) ReadAll(new CheckpointTensor(tensor));
        }
    }

    private static void ReadAll(CheckpointTensor tensor)
    {
        var row = new float[tensor.Shape.Columns];
        for (long i = 0; i < tensor.Shape.Rows; i++) tensor.ReadRows(i, 1, row);
    }

    private static (Exception? Error, long Allocated) Watch(Action action)
    {
        Exception? error = null;
        long allocated = 0;
        var thread = new Thread(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                action();
            }
            catch (Exception e)
            {
                error = e;
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        })
        { IsBackground = true };
        long start = Stopwatch.GetTimestamp();
        thread.Start();
        Assert.True(thread.Join(Patience), $"still reading after {Stopwatch.GetElapsedTime(start)}");
        return (error, allocated);
    }
}
