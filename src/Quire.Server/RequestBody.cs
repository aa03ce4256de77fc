using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>Reads a JSON body.</summary>
internal static class RequestBody
{
    /// <exception cref="ApiException">The media type is not application/json, or the body is no JSON object.</exception>
    public static async Task<JsonElement> Read(HttpContext context)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out MediaTypeHeaderValue? type) || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            throw new ApiException(400, "Bad Request", null, "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed");
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        return BodyParser.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
    }

    /// <summary>There is one rank; a client that asks for another is told so.</summary>
    public static void CheckRank(HttpContext context)
    {
        if (context.Request.Headers.TryGetValue("X-data-parallel-rank", out var rank) && rank != "0")
            throw ApiException.Bad(null, $"data_parallel_rank {rank} is out of range [0, 1).");
    }

    /// <summary>The id of a request: the header's, the body's, or a random one.</summary>
    public static string Id(HttpContext context, string prefix, string? own) =>
        $"{prefix}-{(context.Request.Headers.TryGetValue("X-Request-Id", out var header) && header.Count > 0 ? header[0] : own ?? Guid.NewGuid().ToString("n"))}";
}
