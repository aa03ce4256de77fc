using System.Text;
using System.Text.Json;

namespace Quire.Server.Tests.Http;

/// <summary>One recorded exchange.</summary>
internal sealed record HttpCase(string Id, string Config, string Compare, JsonElement Request, JsonElement Response, JsonElement? Trace)
{
    private const double SureMargin = 0.05;

    /// <summary>Whether every choice on the greedy path was clear enough to be compared as text.</summary>
    public bool IsSure => Trace is not { } trace || !trace.TryGetProperty("raw_margin", out JsonElement margins) || margins.ValueKind != JsonValueKind.Array
        || Numbers(margins).All(margin => margin > SureMargin);

    private static IEnumerable<double> Numbers(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => [element.GetDouble()],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Numbers),
        _ => [],
    };

    public HttpRequestMessage Message(Uri server)
    {
        var message = new HttpRequestMessage(new HttpMethod(Request.GetProperty("method").GetString()!), new Uri(server.GetLeftPart(UriPartial.Authority) + Request.GetProperty("path").GetString()));
        byte[]? bytes = Request.TryGetProperty("raw_b64", out JsonElement coded) && coded.ValueKind == JsonValueKind.String ? Convert.FromBase64String(coded.GetString()!)
            : Request.TryGetProperty("raw", out JsonElement raw) && raw.ValueKind == JsonValueKind.String ? Encoding.UTF8.GetBytes(raw.GetString()!)
            : Request.TryGetProperty("body", out JsonElement body) && body.ValueKind != JsonValueKind.Null ? Encoding.UTF8.GetBytes(body.GetRawText())
            : null;
        if (bytes is not null) message.Content = new ByteArrayContent(bytes);
        bool hasType = false;
        if (Request.TryGetProperty("headers", out JsonElement headers) && headers.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty header in headers.EnumerateObject())
            {
                hasType |= header.Name.Equals("content-type", StringComparison.OrdinalIgnoreCase);
                if (!message.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString())) message.Content?.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString());
            }
        }
        if (bytes is not null && !hasType) message.Content!.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return message;
    }
}
