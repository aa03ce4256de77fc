using Microsoft.AspNetCore.Routing;

namespace Quire.Server;

/// <summary>/load: requests in work. Counted only with load tracking, which is not there yet: 0, as vLLM answers without its flag.</summary>
internal static class LoadEndpoint
{
    public static void Map(IEndpointRouteBuilder app) => app.Only("GET", "/load", context => JsonAnswer.Write(context, json =>
    {
        json.WriteStartObject();
        json.WriteNumber("server_load", 0);
        json.WriteEndObject();
    }));
}
