using System.Buffers;
using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>An error as it goes over the wire: <c>{"error": {"message", "type", "param", "code"}}</c>. The one mapping from the engine's errors to HTTP.</summary>
/// <param name="status">HTTP status; also the body's code.</param>
/// <param name="type">vLLM's name of the class of error.</param>
/// <param name="param">The request field at fault, or null.</param>
public sealed class ApiException(int status, string type, string? param, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    public string? Param { get; } = param;

    /// <summary>A field that has the wrong type: what a schema check finds before anything is looked at.</summary>
    public static ApiException Schema(string path, string kind, string message) =>
        new(400, "Bad Request", path, $"1 validation error:\n  {{'type': '{kind}', 'loc': '{path}', 'msg': '{message}'}}");

    /// <summary>A value out of its range or in contradiction to another.</summary>
    public static ApiException Bad(string? param, string message) => new(400, "BadRequestError", param, message);

    /// <summary>A value of a named parameter, said as vLLM says it.</summary>
    public static ApiException Value(string param, string message, string? value = null) =>
        Bad(param, $"{message} (parameter={param}{(value is null ? "" : $", value={value}")})");

    /// <summary>A field that is known and cannot be honoured by this build.</summary>
    public static ApiException NotImplemented(string param) =>
        new(501, "NotImplementedError", param, $"`{param}` is not supported by this version of Quire yet.");

    public static ApiException From(QuireException e) => e.Kind switch
    {
        ErrorKind.InvalidRequest => Bad(e.Param, e.Message),
        ErrorKind.NotFound => new(404, "NotFoundError", e.Param, e.Message),
        ErrorKind.NotSupported => new(501, "NotImplementedError", e.Param, e.Message),
        ErrorKind.Overloaded => new(429, "TooManyRequestsError", null, e.Message),
        ErrorKind.Unavailable => new(503, "ServiceUnavailableError", null, e.Message),
        _ => new(500, "InternalServerError", null, e.Kind == ErrorKind.Internal ? "Internal server error" : e.Message),
    };

    /// <summary>The body, as JSON.</summary>
    public byte[] Body()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Wire.Options))
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("message", Message);
            json.WriteString("type", Type);
            json.WriteString("param", Param);
            json.WriteNumber("code", Status);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}

/// <summary>How JSON is written: compact, non-ASCII text as it is.</summary>
public static class Wire
{
    public static JsonWriterOptions Options { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
