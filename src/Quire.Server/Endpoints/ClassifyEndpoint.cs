using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>POST /classify and /pooling: a number for each label. Served by classifiers.</summary>
internal static class ClassifyEndpoint
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.Only("POST", "/classify", context => Handle(context, "classify", WriteLabel));
        app.Only("POST", "/pooling", context => Handle(context, "pool", WriteRow));
    }

    private static async Task Handle(HttpContext context, string prefix, Action<Utf8JsonWriter, float[], IReadOnlyList<string>> write)
    {
        JsonElement body = await RequestBody.Read(context);
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        QuireEngine engine = model.Engine;
        EmbeddingRequest request = EmbeddingRequest.Read(body, "classify");
        if (request.Dimensions is not null) throw ApiException.Bad("dimensions", "dimensions is for embeddings; this model classifies.");
        if (request.IsBase64) throw ApiException.Bad("encoding_format", "Numbers of labels are given as floats; encoding_format must be float.");
        string? adapter = model.Adapter(new Fields(body).Text("model"));
        int[][] inputs = [.. request.Inputs.Select(input => EmbeddingsEndpoint.Tokens(engine, input, request))];
        float[][] rows = await PoolingAnswer.All(engine, inputs, tokens => engine.ClassifyAsync(tokens, null, adapter, request.Priority, context.RequestAborted));
        if (request.Activates ?? true) rows = [.. rows.Select(row => QuireEngine.Activate(row, engine.Pooler!.Activation))];
        string id = RequestBody.Id(context, prefix, null);
        await PoolingAnswer.Write(context, id, adapter ?? model.Names[0], rows.Length, inputs.Sum(tokens => tokens.Length), (json, i) => write(json, rows[i], engine.Labels));
    }

    private static void WriteLabel(Utf8JsonWriter json, float[] row, IReadOnlyList<string> labels)
    {
        json.WriteString("label", labels[Array.IndexOf(row, row.Max())]);
        EmbeddingsEndpoint.WriteNumbers(json, "probs", row);
        json.WriteNumber("num_classes", labels.Count);
    }

    private static void WriteRow(Utf8JsonWriter json, float[] row, IReadOnlyList<string> labels)
    {
        json.WriteString("object", "pooling");
        EmbeddingsEndpoint.WriteNumbers(json, "data", row);
    }
}
