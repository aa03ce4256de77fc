using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Quire.Server;

/// <summary>/health and /ping: 200 when requests will be answered, 503 with the reason when not.</summary>
internal static class HealthEndpoint
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.Only("GET", "/health", Handle);
        app.MapMethods("/ping", ["GET", "POST"], Handle);
    }

    private static Task Handle(HttpContext context)
    {
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        string? reason = model.Failure is { } failure ? $"failed: {failure.Message}" : model.IsDraining ? "draining" : model.Current is null ? "loading" : null;
        if (reason is null) return Task.CompletedTask;
        context.Response.StatusCode = 503;
        context.Response.Headers.RetryAfter = "1";
        return JsonAnswer.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", reason);
            json.WriteEndObject();
        });
    }
}
