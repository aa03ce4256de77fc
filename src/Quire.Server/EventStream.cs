using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>Server-sent events: each is written into the response's pipe and flushed at once.</summary>
internal sealed class EventStream(HttpContext context) : IDisposable
{
    private readonly ArrayBufferWriter<byte> text = new();
    private Utf8JsonWriter? json;
    private bool hasStarted;

    /// <summary>One event with the JSON that <paramref name="write"/> writes.</summary>
    public async Task Send(Action<Utf8JsonWriter> write)
    {
        text.ResetWrittenCount();
        text.Write("data: "u8);
        json ??= new Utf8JsonWriter(text, Wire.Options);
        json.Reset(text);
        write(json);
        json.Flush();
        text.Write("\n\n"u8);
        await Write(text.WrittenMemory);
    }

    /// <summary>An error in a stream that has begun; the status stays 200.</summary>
    public async Task SendError(Exception exception, ILogger logger)
    {
        text.ResetWrittenCount();
        text.Write("data: "u8);
        text.Write(Errors.Translate(exception, logger).Body());
        text.Write("\n\n"u8);
        await Write(text.WrittenMemory);
    }

    public Task Done() => Write("data: [DONE]\n\n"u8.ToArray());

    public void Dispose() => json?.Dispose();

    private async Task Write(ReadOnlyMemory<byte> bytes)
    {
        if (!hasStarted)
        {
            hasStarted = true;
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            context.Response.Headers.CacheControl = "no-cache";
        }
        await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
