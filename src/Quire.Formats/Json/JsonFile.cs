using System.Text.Json;
using System.Text.Unicode;

namespace Quire.Formats;

/// <summary>Reads a JSON file into memory: files of a checkpoint are small, so a large one is refused before it is read.</summary>
internal static class JsonFile
{
    /// <summary>Bytes; the largest legitimate files are shard indices and tokenizer configurations of some megabytes.</summary>
    private const long MaxBytes = 128L << 20;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };

    /// <summary>The file's root, which must be an object.</summary>
    /// <exception cref="QuireException">Absent, unreadable, too large, or not a JSON object.</exception>
    public static JsonElement ReadObject(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists) throw new QuireException(ErrorKind.NotFound, $"{path} does not exist");
            // A pipe has no length, and reading it might never end.
            if (info.Length == 0) throw QuireException.BadFile(path, "is empty");
            if (info.Length > MaxBytes) throw QuireException.BadFile(path, $"has {info.Length} bytes; up to {MaxBytes} are read");
            return ParseObject(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QuireException(ErrorKind.NotFound, $"{path} cannot be read: {e.Message}", inner: e);
        }
    }

    /// <inheritdoc cref="ReadObject"/>
    public static JsonElement ParseObject(string path, ReadOnlyMemory<byte> json)
    {
        try
        {
            if (json.Span.StartsWith("\uFEFF"u8)) json = json[3..];
            if (!Utf8.IsValid(json.Span)) throw QuireException.BadFile(path, "is not UTF-8");
            JsonElement root = JsonElement.Parse(json.Span, Options);
            return root.ValueKind == JsonValueKind.Object ? root : throw QuireException.BadFile(path, "must hold a JSON object");
        }
        catch (JsonException e)
        {
            throw QuireException.BadFile(path, $"is not valid JSON: {e.Message}", e);
        }
    }
}
