using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Quire.Cli;

/// <summary>One streamed greedy completion, timed.</summary>
internal sealed class CompletionsClient(Uri server) : IDisposable
{
    private readonly HttpClient http = new() { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Text, seconds to the first token, seconds between tokens, tokens.</summary>
    public sealed record Answer(string Text, double FirstToken, IReadOnlyList<double> Gaps, int Tokens);

    /// <param name="salt">Keeps prefixes apart from those of other salts, so that a run finds nothing that an earlier one computed.</param>
    public async Task<Answer> Complete(string prompt, int tokens, string salt, CancellationToken cancellation)
    {
        var body = new JsonObject
        {
            ["cache_salt"] = salt,
            ["prompt"] = prompt,
            ["max_tokens"] = tokens,
            ["temperature"] = 0,
            ["ignore_eos"] = true,
            ["stream"] = true,
            ["stream_options"] = new JsonObject { ["include_usage"] = true },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        long start = Stopwatch.GetTimestamp(), last = start;
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode) throw new QuireException(ErrorKind.InvalidRequest, $"{server} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellation)}");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var text = new StringBuilder();
        List<double> gaps = [];
        double first = 0;
        int used = 0;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal) || line == "data: [DONE]") continue;
            using JsonDocument chunk = JsonDocument.Parse(line.AsMemory(6));
            if (chunk.RootElement.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object) used = usage.GetProperty("completion_tokens").GetInt32();
            if (!chunk.RootElement.TryGetProperty("choices", out JsonElement choices) || choices.GetArrayLength() == 0) continue;
            text.Append(choices[0].GetProperty("text").GetString());
            double now = Stopwatch.GetElapsedTime(last).TotalSeconds;
            last = Stopwatch.GetTimestamp();
            if (first == 0) first = Stopwatch.GetElapsedTime(start).TotalSeconds;
            else gaps.Add(now);
        }
        return new Answer(text.ToString(), first, gaps, used);
    }

    public void Dispose() => http.Dispose();
}
