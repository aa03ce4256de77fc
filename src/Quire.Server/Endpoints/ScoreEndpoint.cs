using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>/score and /rerank: how well two texts fit together. Embedders give the cosine of their embeddings; classifiers with one label read both as one input.</summary>
internal static class ScoreEndpoint
{
    public static void Map(IEndpointRouteBuilder app)
    {
        foreach (string path in (string[])["/score", "/v1/score"]) app.Only("POST", path, Score);
        foreach (string path in (string[])["/rerank", "/v1/rerank", "/v2/rerank"]) app.Only("POST", path, Rerank);
    }

    private static async Task Score(HttpContext context)
    {
        var body = new Fields(await RequestBody.Read(context));
        IReadOnlyList<string> queries = Texts(body, "queries", "text_1"), documents = Texts(body, "documents", "text_2");
        if (queries.Count != documents.Count && queries.Count != 1) throw ApiException.Bad(null, "Input lengths must be either 1:1, 1:N or N:N");
        (double[] scores, int tokens, string model) = await Run(context, body, queries, documents);
        string id = RequestBody.Id(context, "score", null);
        await PoolingAnswer.Write(context, id, model, scores.Length, tokens, (json, i) =>
        {
            json.WriteString("object", "score");
            json.WriteNumber("score", scores[i]);
        });
    }

    private static async Task Rerank(HttpContext context)
    {
        var body = new Fields(await RequestBody.Read(context));
        string query = body.Text("query") ?? throw ApiException.Schema("body.query", "missing", "Field required");
        IReadOnlyList<string> documents = Documents(body);
        (double[] scores, int tokens, string model) = await Run(context, body, [query], documents);
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i])];
        if (body.Int("top_n") is > 0 and var top) order = order[..Math.Min(top, order.Length)];
        string id = RequestBody.Id(context, "score", null);
        await JsonAnswer.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteString("model", model);
            json.WriteStartObject("usage");
            json.WriteNumber("prompt_tokens", tokens);
            json.WriteNumber("total_tokens", tokens);
            json.WriteEndObject();
            json.WriteStartArray("results");
            foreach (int i in order)
            {
                json.WriteStartObject();
                json.WriteNumber("index", i);
                json.WriteStartObject("document");
                json.WriteString("text", documents[i]);
                json.WriteNull("multi_modal");
                json.WriteEndObject();
                json.WriteNumber("relevance_score", scores[i]);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    // One query stands for all documents, else they are pairs.
    private static async Task<(double[] Scores, int Tokens, string Model)> Run(HttpContext context, Fields body, IReadOnlyList<string> queries, IReadOnlyList<string> documents)
    {
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        QuireEngine engine = model.Engine;
        foreach (string other in (string[])["max_tokens_per_doc", "dimensions"])
            if (body.Has(other)) throw ApiException.NotImplemented(other);
        if (body.Text("truncation_side") is not (null or "right")) throw ApiException.NotImplemented("truncation_side");
        string? adapter = model.Adapter(body.Text("model"));
        string name = adapter ?? model.Names[0];
        if (engine.Runner == RunnerKind.Classify)
        {
            (double[] own, int count) = await CrossEncode(context, body, engine, adapter, queries, documents);
            return (own, count, name);
        }
        var request = new EmbeddingRequest { Inputs = [], AddSpecialTokens = body.Flag("add_special_tokens") ?? true, TruncatePromptTokens = body.Int("truncate_prompt_tokens"), Priority = body.Int("priority") ?? 0 };
        int[][] inputs = [.. queries.Concat(documents).Select(text => EmbeddingsEndpoint.Tokens(engine, new EmbeddingInput(text, null, null), request))];
        float[][] rows = await PoolingAnswer.All(engine, inputs, tokens => engine.EmbedAsync(tokens, adapter, request.Priority, context.RequestAborted));
        var scores = new double[documents.Count];
        for (int i = 0; i < scores.Length; i++) scores[i] = Cosine(rows[queries.Count == 1 ? 0 : i], rows[queries.Count + i]);
        return (scores, inputs.Sum(tokens => tokens.Length), name);
    }

    private static async Task<(double[] Scores, int Tokens)> CrossEncode(HttpContext context, Fields body, QuireEngine engine, string? adapter, IReadOnlyList<string> queries, IReadOnlyList<string> documents)
    {
        if (engine.Labels.Count != 1) throw ApiException.Bad(null, $"This model has {engine.Labels.Count} labels; scores are of classifiers with one, or of embedders.");
        int? limit = EmbeddingsEndpoint.Limit(engine, body.Int("truncate_prompt_tokens"));
        if (limit < 1) throw ApiException.Bad(null, "truncate_prompt_tokens must be at least 1, or -1.");
        bool activates = body.Flag("use_activation") ?? true;
        bool addsSpecialTokens = body.Flag("add_special_tokens") ?? true;
        (int[] Ids, int[]? TypeIds)[] pairs = [.. documents.Select((document, i) => PairPrompt.Encode(engine, queries.Count == 1 ? queries[0] : queries[i], document, addsSpecialTokens, limit))];
        foreach ((int[] ids, _) in pairs)
        {
            if (ids.Length == 0) throw ApiException.Bad(null, "The decoder prompt cannot be empty");
            EmbeddingsEndpoint.CheckLength(engine, ids);
        }
        float[][] numbers = await PoolingAnswer.All(engine, pairs, pair => engine.ClassifyAsync(pair.Ids, pair.TypeIds, adapter, body.Int("priority") ?? 0, context.RequestAborted));
        return ([.. numbers.Select(row => (double)(activates ? QuireEngine.Activate(row, engine.Pooler!.ScoreActivation) : row)[0])], pairs.Sum(pair => pair.Ids.Length));
    }

    private static double Cosine(float[] a, float[] b)
    {
        double product = 0, first = 0, second = 0;
        for (int i = 0; i < a.Length; i++) (product, first, second) = (product + ((double)a[i] * b[i]), first + ((double)a[i] * a[i]), second + ((double)b[i] * b[i]));
        return first == 0 || second == 0 ? 0 : product / Math.Sqrt(first * second);
    }

    private static IReadOnlyList<string> Texts(Fields body, string name, string older) =>
        NotEmpty(body.TextOrList(name) ?? body.TextOrList(older) ?? throw ApiException.Schema($"body.{name}", "missing", "Field required"));

    private static IReadOnlyList<string> Documents(Fields body)
    {
        if (body.Element("documents") is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            throw ApiException.Schema("body.documents", "string_type", "Input should be a valid string");
        return NotEmpty(body.TextOrList("documents") ?? throw ApiException.Schema("body.documents", "missing", "Field required"));
    }

    private static IReadOnlyList<string> NotEmpty(IReadOnlyList<string> texts) => texts.Count > 0 ? texts : throw ApiException.Bad(null, "At least one text is needed.");
}
