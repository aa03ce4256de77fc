using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>POST /v2/embed: embeddings as Cohere's clients ask for them. Served by embedders.</summary>
internal static class CohereEmbedEndpoint
{
    private static readonly string[] Types = ["float", "binary", "ubinary", "base64"];

    public static void Map(IEndpointRouteBuilder app) => app.Only("POST", "/v2/embed", Handle);

    private static async Task Handle(HttpContext context)
    {
        var body = new Fields(await RequestBody.Read(context));
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        QuireEngine engine = model.Engine;
        IReadOnlyList<string> texts = body.TextOrList("texts") ?? throw ApiException.Schema("body.texts", "missing", "Field required");
        if (texts.Count == 0) throw ApiException.Bad("texts", "At least one text is needed.");
        int? most = body.Int("max_tokens");
        if (most < 1) throw ApiException.Bad("max_tokens", $"max_tokens must be at least 1, got {most}.");
        foreach (string other in (string[])["images", "inputs"])
            if (body.Has(other)) throw ApiException.NotImplemented(other);
        if (body.Text("input_type") is { } kind)
            throw ApiException.Bad(null, $"Unsupported input_type '{kind}'. This model does not define any input_type task instructions.");
        string[] types = [.. body.TextOrList("embedding_types") ?? ["float"]];
        if (types.Length == 0) throw ApiException.Bad("embedding_types", "At least one of float, binary, ubinary and base64 is needed.");
        if (types.Except(Types).FirstOrDefault() is { } unknown)
            throw ApiException.Schema("body.embedding_types", "literal_error", $"Input should be float, binary, ubinary or base64, not {unknown}");
        string? adapter = model.Adapter(body.Text("model"));
        int? dimensions = EmbeddingsEndpoint.Dimensions(body.Integer("output_dimension"), model);
        string truncate = body.Text("truncate") ?? "END";
        var request = new EmbeddingRequest
        {
            Inputs = [.. texts.Select(text => new EmbeddingInput(text, null, null))],
            TruncatePromptTokens = truncate == "NONE" ? null : Math.Min(most ?? int.MaxValue, engine.MaxModelLength),
            Priority = body.Int("priority") ?? 0,
            TruncateLeft = truncate switch
            {
                "START" => true,
                "END" or "NONE" => false,
                _ => throw ApiException.Schema("body.truncate", "literal_error", "Input should be NONE, START or END"),
            },
        };
        int[][] inputs = [.. request.Inputs.Select(input => EmbeddingsEndpoint.Tokens(engine, input, request))];
        if (truncate == "NONE" && most is { } limit && Array.Find(inputs, tokens => tokens.Length > limit) is { } longer)
            throw ApiException.Bad("max_tokens", $"A text has {longer.Length} tokens, more than max_tokens {limit}; set truncate to START or END to cut it.");
        float[][] rows = await PoolingAnswer.All(engine, inputs, tokens => engine.EmbedAsync(tokens, adapter, request.Priority, context.RequestAborted));
        rows = [.. rows.Select(row => EmbeddingsEndpoint.Finish(row, dimensions, engine.NormalisesEmbeddings))];
        string id = RequestBody.Id(context, "embd", null);
        await JsonAnswer.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteStartObject("embeddings");
            foreach (string type in types.Distinct())
            {
                json.WriteStartArray(type);
                foreach (float[] row in rows) WriteRow(json, type, row);
                json.WriteEndArray();
            }
            json.WriteEndObject();
            json.WriteStartArray("texts");
            foreach (string text in texts) json.WriteStringValue(text);
            json.WriteEndArray();
            WriteUsage(json, inputs.Sum(tokens => tokens.Length));
            json.WriteString("response_type", "embeddings_by_type");
            json.WriteEndObject();
        });
    }

    private static void WriteRow(Utf8JsonWriter json, string type, float[] row)
    {
        if (type == "base64")
        {
            json.WriteBase64StringValue(MemoryMarshal.AsBytes(row.AsSpan()));
            return;
        }
        json.WriteStartArray();
        if (type == "float") foreach (float value in row) json.WriteNumberValue(value);
        else foreach (byte bits in Signs(row)) json.WriteNumberValue(type == "binary" ? bits - 128 : bits);
        json.WriteEndArray();
    }

    /// <summary>Eight signs to a byte, the first in its highest bit: 1 where a number is positive.</summary>
    private static byte[] Signs(float[] row)
    {
        var bytes = new byte[(row.Length + 7) / 8];
        for (int i = 0; i < row.Length; i++)
            if (row[i] > 0) bytes[i / 8] |= (byte)(0x80 >> (i % 8));
        return bytes;
    }

    private static void WriteUsage(Utf8JsonWriter json, int tokens)
    {
        json.WriteStartObject("meta");
        json.WriteStartObject("api_version");
        json.WriteString("version", "2");
        json.WriteEndObject();
        json.WriteStartObject("billed_units");
        json.WriteNumber("input_tokens", tokens);
        json.WriteNumber("image_tokens", 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
