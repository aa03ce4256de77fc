using Microsoft.AspNetCore.Routing;

namespace Quire.Server;

/// <summary>/version.</summary>
internal static class VersionEndpoint
{
    /// <summary>The assembly's version.</summary>
    public static string Version { get; } = typeof(VersionEndpoint).Assembly.GetName().Version!.ToString(3);

    public static void Map(IEndpointRouteBuilder app) => app.Only("GET", "/version", context => JsonAnswer.Write(context, json =>
    {
        json.WriteStartObject();
        json.WriteString("version", Version);
        json.WriteEndObject();
    }));
}
