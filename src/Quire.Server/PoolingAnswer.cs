using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Quire.Server;

/// <summary>What pooling endpoints have in common: how inputs are run, and what answers begin and end with.</summary>
internal static class PoolingAnswer
{
    /// <summary>Runs all inputs of a request, a part of what may wait at a time: however many there are, they do not fill the queue alone.</summary>
    public static async Task<float[][]> All<T>(QuireEngine engine, IReadOnlyList<T> inputs, Func<T, Task<float[]>> run)
    {
        using var places = new SemaphoreSlim(Math.Max(1, engine.Options.MaxQueuedRequests / 8));
        return await Task.WhenAll(inputs.Select(Run));

        async Task<float[]> Run(T input)
        {
            await places.WaitAsync();
            try
            {
                return await run(input);
            }
            finally
            {
                places.Release();
            }
        }
    }

    /// <summary>A whole answer of items with their indices.</summary>
    /// <param name="item">Writes an item's own fields.</param>
    public static Task Write(HttpContext context, string id, string model, int items, int tokens, Action<Utf8JsonWriter, int> item) => JsonAnswer.Write(context, json =>
    {
        Begin(json, id, model);
        for (int i = 0; i < items; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("index", i);
            item(json, i);
            json.WriteEndObject();
        }
        End(json, tokens);
    });

    private static void Begin(Utf8JsonWriter json, string id, string model)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", "list");
        json.WriteNumber("created", DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        json.WriteString("model", model);
        json.WriteStartArray("data");
    }

    private static void End(Utf8JsonWriter json, int tokens)
    {
        json.WriteEndArray();
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens);
        json.WriteNumber("total_tokens", tokens);
        json.WriteNumber("completion_tokens", 0);
        json.WriteNull("prompt_tokens_details");
        json.WriteNull("completion_tokens_details");
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
