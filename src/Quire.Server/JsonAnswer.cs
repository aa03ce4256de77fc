using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>A whole JSON answer.</summary>
internal static class JsonAnswer
{
    public static async Task Write(HttpContext context, Action<Utf8JsonWriter> write)
    {
        context.Response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(context.Response.BodyWriter, Wire.Options)) write(json);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
