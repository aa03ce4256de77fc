using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>POST /v1/embeddings and /pooling: the last token's row of each input. Served by models that pool.</summary>
internal static class EmbeddingsEndpoint
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.Only("POST", "/v1/embeddings", context => Handle(context, "embd", "embedding", "embedding"));
        app.Only("POST", "/pooling", context => Handle(context, "pool", "pooling", "data"));
    }

    private static async Task Handle(HttpContext context, string prefix, string kind, string field)
    {
        JsonElement body = await RequestBody.Read(context);
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        QuireEngine engine = model.Engine;
        EmbeddingRequest request = EmbeddingRequest.Read(body, model.Names[0]);
        string? adapter = model.Adapter(new Fields(body).Text("model"));
        int[][] inputs = [.. request.Inputs.Select(input => Tokens(engine, input, request))];
        float[][] rows = await Task.WhenAll(inputs.Select(tokens => engine.EmbedAsync(tokens, adapter, context.RequestAborted)));
        if (request.Normalises) rows = [.. rows.Select(QuireEngine.Normalise)];
        string id = RequestBody.Id(context, prefix, null);
        await JsonAnswer.Write(context, json =>
        {
            PoolingAnswer.Begin(json, id, adapter ?? model.Names[0]);
            for (int i = 0; i < rows.Length; i++)
            {
                json.WriteStartObject();
                json.WriteNumber("index", i);
                json.WriteString("object", kind);
                if (request.IsBase64) json.WriteBase64String(field, MemoryMarshal.AsBytes(rows[i].AsSpan()));
                else WriteNumbers(json, field, rows[i]);
                json.WriteEndObject();
            }
            PoolingAnswer.End(json, inputs.Sum(tokens => tokens.Length));
        });
    }

    /// <summary>An input's token ids, cut as asked.</summary>
    /// <exception cref="ApiException">There are none, one does not exist, or they do not fit.</exception>
    public static int[] Tokens(QuireEngine engine, EmbeddingInput input, EmbeddingRequest request)
    {
        int[] tokens = input.Tokens ?? engine.Tokenizer.Encode(input.Chat is { } chat ? engine.RenderChat(chat) : input.Text!, request.AddSpecialTokens);
        if (Array.FindIndex(tokens, token => token < 0 || token >= engine.Tokenizer.VocabularySize) is >= 0 and var unknown) throw ApiException.Bad(null, $"Token id {tokens[unknown]} is out of vocabulary");
        if (request.TruncatePromptTokens is { } keep)
        {
            int count = Math.Min(tokens.Length, keep < 0 ? engine.MaxModelLength : keep);
            tokens = request.TruncateLeft ? tokens[^count..] : tokens[..count];
        }
        if (tokens.Length == 0) throw ApiException.Bad(null, "The decoder prompt cannot be empty");
        if (tokens.Length <= engine.MaxModelLength) return tokens;
        throw ApiException.Value("input_tokens",
            $"This model's maximum context length is {engine.MaxModelLength} tokens. However, your prompt contains at least {engine.MaxModelLength + 1} input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.",
            $"{tokens.Length}");
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, float[] row)
    {
        json.WriteStartArray(name);
        foreach (float value in row) json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
