using System.Text.Json;

namespace Quire.Server.Tests.Http;

/// <summary>Compares an answer with the recorded one by the case's rule. Returns what differs, or null.</summary>
internal static class HttpComparer
{
    private const double LogprobTolerance = 0.02;

    /// <summary>What names this program, not vLLM.</summary>
    private static readonly HashSet<string> OwnValues = ["owned_by", "version", "system_fingerprint", "message"];

    public static string? Compare(HttpCase c, int status, string body)
    {
        int expected = c.Response.GetProperty("status").GetInt32();
        if (status != expected) return $"status {status}, recorded {expected}: {body[..Math.Min(300, body.Length)]}";
        if (c.Response.TryGetProperty("sse", out JsonElement events) && events.ValueKind == JsonValueKind.Array) return Streams(c, events, body);
        if (!c.Response.TryGetProperty("body", out JsonElement wanted) || wanted.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return null;
        JsonElement actual = JsonDocument.Parse(body).RootElement;
        if (status != 200) return Errors(c, wanted, actual);
        bool isLoose = c.Compare == "shape" || (c.Compare == "greedy" && !c.IsSure);
        return Same(wanted, actual, "$", isLoose, c.Compare == "close" ? 1e-3 : 0);
    }

    private static string? Errors(HttpCase c, JsonElement wanted, JsonElement actual)
    {
        if (!wanted.TryGetProperty("error", out JsonElement error) || error.ValueKind != JsonValueKind.Object) return Same(wanted, actual, "$", isLoose: false);
        if (!actual.TryGetProperty("error", out JsonElement own) || own.ValueKind != JsonValueKind.Object) return $"no error object: {actual}";
        foreach (string name in c.Compare == "status" ? (string[])["type", "code"] : ["type", "param", "code"])
            if (error.GetProperty(name).ToString() != own.GetProperty(name).ToString()) return $"error.{name} is {own.GetProperty(name)}, recorded {error.GetProperty(name)} ({own.GetProperty("message")})";
        return null;
    }

    private static string? Streams(HttpCase c, JsonElement events, string body)
    {
        JsonElement[] wanted = [.. events.EnumerateArray().Select(e => e.GetString()!).Where(e => e != "[DONE]").Select(e => JsonDocument.Parse(e).RootElement)];
        string[] lines = [.. body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)];
        if (lines.Length == 0 || lines[^1] != "data: [DONE]") return "the stream does not end with [DONE]";
        JsonElement[] actual = [.. lines[..^1].Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement)];
        bool isLoose = c.Compare == "shape" || !c.IsSure;
        Dictionary<int, string> expected = Texts(wanted), own = Texts(actual);
        if (!expected.Keys.Order().SequenceEqual(own.Keys.Order())) return $"choices {string.Join(',', own.Keys)}, recorded {string.Join(',', expected.Keys)}";
        foreach ((int choice, string text) in expected)
            if (!isLoose && own[choice] != text) return $"choice {choice} is {own[choice]}, recorded {text}";
        return Same(wanted[0], actual[0], "first", isLoose: true) ?? Same(wanted[^1], actual[^1], "last", isLoose: true);
    }

    // Text, finish and stop reason of each choice.
    private static Dictionary<int, string> Texts(JsonElement[] chunks)
    {
        Dictionary<int, string> texts = [];
        foreach (JsonElement choice in chunks.Where(k => k.TryGetProperty("choices", out _)).SelectMany(k => k.GetProperty("choices").EnumerateArray()))
        {
            int index = choice.GetProperty("index").GetInt32();
            string text = choice.TryGetProperty("text", out JsonElement t) ? t.GetString()!
                : choice.GetProperty("delta").TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String ? content.GetString()! : "";
            string end = choice.GetProperty("finish_reason").ValueKind == JsonValueKind.String ? $"|{choice.GetProperty("finish_reason")}|{(choice.TryGetProperty("stop_reason", out JsonElement stop) ? stop : "")}" : "";
            texts[index] = texts.GetValueOrDefault(index, "") + text + end;
        }
        return texts;
    }

    private static string? Same(JsonElement wanted, JsonElement actual, string path, bool isLoose, double tolerance = 0)
    {
        if (wanted.ValueKind == JsonValueKind.String && wanted.GetString()!.StartsWith('<') && wanted.GetString()!.EndsWith('>')) return null;
        if (wanted.ValueKind == JsonValueKind.Number && actual.ValueKind == JsonValueKind.Number)
        {
            bool isLogprob = path.Contains("logprob", StringComparison.Ordinal);
            double difference = Math.Abs(wanted.GetDouble() - actual.GetDouble());
            // Embeddings and scores of unit vectors; rows that are not normalised are some ten times as long.
            if (tolerance > 0 && difference <= tolerance * Math.Max(1, Math.Abs(wanted.GetDouble()) * 20)) return null;
            return isLoose || difference <= (isLogprob ? LogprobTolerance : 0) || path.EndsWith("rank", StringComparison.Ordinal) && difference <= 2 ? null : $"{path} is {actual}, recorded {wanted}";
        }
        if (wanted.ValueKind != actual.ValueKind) return isLoose && (wanted.ValueKind == JsonValueKind.Null || actual.ValueKind == JsonValueKind.Null) ? null : $"{path} is {actual}, recorded {wanted}";
        switch (wanted.ValueKind)
        {
            case JsonValueKind.Object:
                string[] missing = [.. wanted.EnumerateObject().Select(p => p.Name).Except(actual.EnumerateObject().Select(p => p.Name))];
                string[] extra = [.. actual.EnumerateObject().Select(p => p.Name).Except(wanted.EnumerateObject().Select(p => p.Name))];
                if ((missing.Length > 0 || extra.Length > 0) && !isLoose) return $"{path} lacks {string.Join(',', missing)} and has {string.Join(',', extra)}";
                return wanted.EnumerateObject().Where(p => (!OwnValues.Contains(p.Name) || p.Value.ValueKind == JsonValueKind.Object) && actual.TryGetProperty(p.Name, out _))
                    .Select(p => Same(p.Value, actual.GetProperty(p.Name), $"{path}.{p.Name}", isLoose, tolerance)).FirstOrDefault(problem => problem is not null);
            case JsonValueKind.Array:
                if (wanted.GetArrayLength() != actual.GetArrayLength()) return isLoose ? null : $"{path} has {actual.GetArrayLength()} items, recorded {wanted.GetArrayLength()}";
                return wanted.EnumerateArray().Zip(actual.EnumerateArray()).Select((pair, i) => Same(pair.First, pair.Second, $"{path}[{i}]", isLoose, tolerance)).FirstOrDefault(problem => problem is not null);
            case JsonValueKind.String when tolerance > 0 && (path.EndsWith("embedding", StringComparison.Ordinal) || path.Contains(".base64[", StringComparison.Ordinal)):
                float[] a = Numbers(wanted), b = Numbers(actual);
                return a.Length == b.Length && a.Zip(b, (x, y) => Math.Abs(x - y)).Max() <= tolerance ? null : $"{path} differs";
            case JsonValueKind.String when !isLoose && wanted.GetString() != actual.GetString():
                return $"{path} is {actual}, recorded {wanted}";
            default:
                return null;
        }
    }

    private static float[] Numbers(JsonElement base64) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(base64.GetBytesFromBase64()).ToArray();
}
