using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Quire.Server;

/// <summary>What is checked before a route is chosen: API keys, origins of browsers, request ids.</summary>
internal static class Access
{
    private static readonly string[] Guarded = ["/v1", "/v2", "/inference", "/cohere"];

    public static void Use(WebApplication app, ServerOptions options)
    {
        byte[][] digests = [.. options.ApiKeys.Select(key => SHA256.HashData(Encoding.UTF8.GetBytes(key)))];
        app.Use((context, next) =>
        {
            if (options.RequestIdHeaders)
                context.Response.Headers["X-Request-Id"] = context.Request.Headers.TryGetValue("X-Request-Id", out var own) && own.Count > 0 ? own[0] : Guid.NewGuid().ToString("n");
            if (Origins(context, options) is { } answer) return answer;
            if (digests.Length > 0 && !HttpMethods.IsOptions(context.Request.Method) && Array.Exists(Guarded, path => context.Request.Path.Value!.StartsWith(path, StringComparison.Ordinal))
                && !IsAuthorised(context.Request.Headers.Authorization, digests))
            {
                context.Response.StatusCode = 401;
                context.Response.ContentType = "application/json";
                return context.Response.WriteAsync("{\"error\":\"Unauthorized\"}");
            }
            return next(context);
        });
    }

    // Every digest is compared, in constant time: neither length nor position of a key shows in the answer's time.
    private static bool IsAuthorised(string? header, byte[][] digests)
    {
        if (header is null || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return false;
        byte[] given = SHA256.HashData(Encoding.UTF8.GetBytes(header[7..]));
        bool matches = false;
        foreach (byte[] digest in digests) matches |= CryptographicOperations.FixedTimeEquals(given, digest);
        return matches;
    }

    private static Task? Origins(HttpContext context, ServerOptions options)
    {
        context.Response.Headers.Vary = "Origin";
        string? origin = context.Request.Headers.Origin;
        if (origin is null) return null;
        bool allowed = options.AllowedOrigins.Contains("*") || options.AllowedOrigins.Contains(origin);
        bool isPreflight = HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.ContainsKey("Access-Control-Request-Method");
        if (allowed)
        {
            context.Response.Headers.AccessControlAllowOrigin = options.AllowedOrigins.Contains("*") ? "*" : origin;
            if (!isPreflight) return null;
            context.Response.Headers.AccessControlAllowMethods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
            context.Response.Headers.AccessControlAllowHeaders = context.Request.Headers.AccessControlRequestHeaders;
            context.Response.Headers.AccessControlMaxAge = "600";
            return context.Response.WriteAsync("OK");
        }
        if (!isPreflight) return null;
        context.Response.StatusCode = 400;
        return context.Response.WriteAsync("Disallowed CORS origin");
    }
}
