using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Quire.Server;

/// <summary>All routes, one endpoint a file.</summary>
internal static class Routes
{
    public static void Map(IEndpointRouteBuilder app, ServerOptions options)
    {
        HealthEndpoint.Map(app);
        VersionEndpoint.Map(app);
        ModelsEndpoint.Map(app);
        MetricsEndpoint.Map(app);
        LoadEndpoint.Map(app);
        TokenizeEndpoint.Map(app);
        switch (RunnerChoice.Of(options.Model, options.Engine))
        {
            case RunnerKind.Embed:
                EmbeddingsEndpoint.Map(app);
                CohereEmbedEndpoint.Map(app);
                ScoreEndpoint.Map(app);
                break;
            case RunnerKind.Classify:
                ClassifyEndpoint.Map(app);
                ScoreEndpoint.Map(app);
                break;
            default:
                ChatCompletionsEndpoint.Map(app);
                CompletionsEndpoint.Map(app);
                break;
        }
        if (options.Engine.EnableLora) AdaptersEndpoint.Map(app);
    }

    /// <summary>Maps a path for one method and answers 405 to all others, as the OpenAI server of vLLM does.</summary>
    public static void Only(this IEndpointRouteBuilder app, string method, string path, RequestDelegate handler)
    {
        app.MapMethods(path, [method], context =>
        {
            if (!context.Request.Path.Value!.EndsWith('/')) return handler(context);
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = path;
            return Task.CompletedTask;
        });
        app.Map(path, context =>
        {
            context.Response.Headers.Allow = method;
            return Errors.WriteDetail(context, 405, "Method Not Allowed");
        }).Add(endpoint => ((RouteEndpointBuilder)endpoint).Order = 1);
    }
}
