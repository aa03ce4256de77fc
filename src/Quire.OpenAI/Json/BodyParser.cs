using System.Text;
using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>A request body as a JSON object. A byte order mark is skipped, of equal keys the last counts, Python's NaN and Infinity are read (as strings, which numbers refuse).</summary>
public static class BodyParser
{
    private const int MaxDepth = 200;

    /// <exception cref="ApiException">The body is no JSON object.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> body)
    {
        if (body.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) body = body[3..];
        if (body.Span.IndexOfAnyExcept(" \t\r\n"u8) < 0) throw Missing();
        try
        {
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(body.Span);
        }
        catch (ArgumentException)
        {
            throw new UnparsableBodyException();
        }
        JsonElement root = ParseText(body);
        if (Surrogates.HasHalf(body.Span)) throw ApiException.Bad(null, "The body holds half of a surrogate pair, which is no character.");
        return root.ValueKind switch
        {
            JsonValueKind.Object => root,
            JsonValueKind.Null => throw Missing(),
            _ => throw ApiException.Schema("body", "model_attributes_type", "Input should be a valid dictionary or object to extract fields from"),
        };
    }

    private static JsonElement ParseText(ReadOnlyMemory<byte> body)
    {
        var options = new JsonDocumentOptions { MaxDepth = MaxDepth };
        try
        {
            return JsonDocument.Parse(body, options).RootElement;
        }
        catch (JsonException) when (NonFiniteLiterals.Quote(body) is { } quoted)
        {
            return ParseText(quoted);
        }
        catch (JsonException e)
        {
            if (e.Message.Contains("maximum configured depth", StringComparison.Ordinal)) throw new UnparsableBodyException();
            throw ApiException.Schema($"body.{Offset(body.Span, e)}", "json_invalid", "JSON decode error");
        }
    }

    private static ApiException Missing() => ApiException.Schema("body", "missing", "Field required");

    // The reader counts lines and bytes in a line; the wire names the character offset in the whole text.
    private static int Offset(ReadOnlySpan<byte> body, JsonException e)
    {
        int start = 0;
        for (long line = e.LineNumber ?? 0; line > 0; line--) start += body[start..].IndexOf((byte)'\n') + 1;
        return Encoding.UTF8.GetCharCount(body[..(int)Math.Min(body.Length, start + (e.BytePositionInLine ?? 0))]);
    }
}

/// <summary>A body that is no text, or nested beyond reason: answered before any handler sees it.</summary>
public sealed class UnparsableBodyException() : Exception("There was an error parsing the body");
