using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>Every failure becomes one answer: the API's error body, or the short one for what no handler saw.</summary>
internal static partial class Errors
{
    private const string RetryAfterSeconds = "1";

    public static void Use(WebApplication app)
    {
        ILogger logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Quire.Server");
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
                if (context.Response is { StatusCode: 404, HasStarted: false } && context.GetEndpoint() is null) await WriteDetail(context, 404, "Not Found");
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                // The client has gone; nobody reads an answer.
            }
            catch (Exception e) when (!context.Response.HasStarted)
            {
                await Write(context, e, logger);
            }
            catch (Exception e)
            {
                LogBroken(logger, e);
                context.Abort();
            }
        });
    }

    /// <summary>The error as the API says it.</summary>
    public static ApiException Translate(Exception exception, ILogger? logger = null)
    {
        switch (exception)
        {
            case ApiException api: return api;
            case QuireException quire: return ApiException.From(quire);
            case BadHttpRequestException { StatusCode: 413 }: return new ApiException(413, "RequestEntityTooLargeError", null, "The request body is larger than this server accepts.");
            case BadHttpRequestException bad: return ApiException.Bad(null, bad.Message);
            default:
                if (logger is not null) LogBroken(logger, exception);
                return new ApiException(500, "InternalServerError", null, "Internal server error");
        }
    }

    public static Task WriteDetail(HttpContext context, int status, string detail)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($"{{\"detail\":\"{JsonEncodedText.Encode(detail)}\"}}");
    }

    private static async Task Write(HttpContext context, Exception exception, ILogger logger)
    {
        if (exception is UnparsableBodyException)
        {
            await WriteDetail(context, 400, exception.Message);
            return;
        }
        ApiException error = Translate(exception, logger);
        context.Response.StatusCode = error.Status;
        context.Response.ContentType = "application/json";
        if (error.Status is 429 or 503) context.Response.Headers.RetryAfter = RetryAfterSeconds;
        await context.Response.Body.WriteAsync(error.Body());
    }

    [LoggerMessage(EventId = 13, Level = LogLevel.Error, Message = "A request failed unexpectedly.")]
    private static partial void LogBroken(ILogger logger, Exception exception);
}
