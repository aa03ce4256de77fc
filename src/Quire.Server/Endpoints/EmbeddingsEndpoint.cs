using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>POST /v1/embeddings and /pooling: a vector for each input. Served by embedders.</summary>
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
        EmbeddingRequest request = EmbeddingRequest.Read(body, "embed");
        string? adapter = model.Adapter(new Fields(body).Text("model"));
        int[][] inputs = [.. request.Inputs.Select(input => Tokens(engine, input, request))];
        int? dimensions = Dimensions(request.Dimensions, model);
        float[][] rows = await PoolingAnswer.All(engine, inputs, tokens => engine.EmbedAsync(tokens, adapter, request.Priority, context.RequestAborted));
        rows = [.. rows.Select(row => Finish(row, dimensions, request.Activates ?? engine.NormalisesEmbeddings))];
        string id = RequestBody.Id(context, prefix, null);
        await PoolingAnswer.Write(context, id, adapter ?? model.Names[0], rows.Length, inputs.Sum(tokens => tokens.Length), (json, i) =>
        {
            json.WriteString("object", kind);
            if (request.IsBase64) json.WriteBase64String(field, MemoryMarshal.AsBytes(rows[i].AsSpan()));
            else WriteNumbers(json, field, rows[i]);
        });
    }

    /// <summary>An input's token ids, cut as asked.</summary>
    /// <exception cref="ApiException">There are none, one does not exist, or they do not fit.</exception>
    public static int[] Tokens(QuireEngine engine, EmbeddingInput input, EmbeddingRequest request)
    {
        int[] tokens = input.Tokens ?? Encode(engine, input.Chat is { } chat ? engine.RenderChat(chat) : input.Text!, request);
        if (Array.FindIndex(tokens, token => token < 0 || token >= engine.Tokenizer.VocabularySize) is >= 0 and var unknown) throw ApiException.Bad(null, $"Token id {tokens[unknown]} is out of vocabulary");
        if (Limit(engine, request.TruncatePromptTokens) is { } limit && limit < tokens.Length) tokens = request.TruncateLeft ? tokens[^limit..] : tokens[..limit];
        if (tokens.Length == 0) throw ApiException.Bad(null, "The decoder prompt cannot be empty");
        CheckLength(engine, tokens);
        return tokens;
    }

    /// <summary>Tokens that <c>truncate_prompt_tokens</c> leaves; negative is as many as fit.</summary>
    public static int? Limit(QuireEngine engine, int? truncate) => truncate < 0 ? engine.MaxModelLength : truncate;

    /// <exception cref="ApiException">There are more than fit.</exception>
    public static void CheckLength(QuireEngine engine, int[] tokens)
    {
        if (tokens.Length <= engine.MaxModelLength) return;
        throw ApiException.Value("input_tokens",
            $"This model's maximum context length is {engine.MaxModelLength} tokens. However, your prompt contains at least {engine.MaxModelLength + 1} input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.",
            $"{tokens.Length}");
    }

    /// <summary>How many leading elements of an embedding are asked for, checked against what the model was trained for.</summary>
    /// <exception cref="ApiException">The model's embeddings cannot be cut, or not to that length.</exception>
    public static int? Dimensions(long? asked, ModelHost model)
    {
        if (asked is not { } dimensions) return null;
        if (model.Engine.Pooler is not { IsMatryoshka: true } pooler)
            throw ApiException.Bad(null, $"Model '{model.Names[0]}' does not support Matryoshka embeddings; dimensions must be unset (received dimensions={dimensions}).");
        if (pooler.MatryoshkaSizes is { } sizes && !sizes.Contains((int)Math.Clamp(dimensions, 0, int.MaxValue)))
            throw ApiException.Bad(null, $"Model '{model.Names[0]}' supports Matryoshka embeddings of {string.Join(", ", sizes)} dimensions (received dimensions={dimensions}).");
        if (dimensions < 1 || dimensions > model.Engine.EmbeddingSize)
            throw ApiException.Bad(null, $"dimensions must be between 1 and {model.Engine.EmbeddingSize}, got {dimensions}.");
        return (int)dimensions;
    }

    /// <summary>A row cut and, after that, normalised.</summary>
    public static float[] Finish(float[] row, int? dimensions, bool normalises)
    {
        if (dimensions is { } count) row = row[..count];
        return normalises ? QuireEngine.Normalise(row) : row;
    }

    // A text loses tokens of its own, not the special ones around it.
    private static int[] Encode(QuireEngine engine, string text, EmbeddingRequest request) => Limit(engine, request.TruncatePromptTokens) is { } limit and > 0
        ? engine.Tokenizer.EncodeUpTo(limit, text, request.AddSpecialTokens, request.TruncateLeft)
        : engine.Tokenizer.Encode(text, request.AddSpecialTokens);

    public static void WriteNumbers(Utf8JsonWriter json, string name, float[] row)
    {
        json.WriteStartArray(name);
        foreach (float value in row) json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
