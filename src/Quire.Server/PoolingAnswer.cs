using System.Text.Json;

namespace Quire.Server;

/// <summary>What answers of pooling endpoints begin and end with.</summary>
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

    public static void Begin(Utf8JsonWriter json, string id, string model)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", "list");
        json.WriteNumber("created", DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        json.WriteString("model", model);
        json.WriteStartArray("data");
    }

    public static void End(Utf8JsonWriter json, int tokens)
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
