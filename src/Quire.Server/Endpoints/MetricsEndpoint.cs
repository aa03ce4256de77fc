using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Quire.Server;

/// <summary>/metrics in Prometheus' text format.</summary>
internal static class MetricsEndpoint
{
    public static void Map(IEndpointRouteBuilder app) => app.Only("GET", "/metrics", context =>
    {
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        ServerMetrics metrics = context.RequestServices.GetRequiredService<ServerMetrics>();
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return context.Response.WriteAsync(metrics.Text(model.Names[0], model.Current));
    });
}
