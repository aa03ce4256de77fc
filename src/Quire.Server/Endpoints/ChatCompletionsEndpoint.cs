using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>POST /v1/chat/completions.</summary>
internal static class ChatCompletionsEndpoint
{
    public static void Map(IEndpointRouteBuilder app) => app.Only("POST", "/v1/chat/completions", Handle);

    private static async Task Handle(HttpContext context)
    {
        JsonElement body = await RequestBody.Read(context);
        RequestBody.CheckRank(context);
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        QuireEngine engine = model.Engine;
        ChatCompletionRequest request = ChatCompletionRequest.Read(body, engine.Defaults, model.Limits);
        string? adapter = model.Adapter(new Fields(body).Text("model"));

        string promptText = engine.RenderChat(request.Chat);
        int[] rendered = engine.Tokenizer.Encode(promptText, request.AddSpecialTokens);
        (int[] prompt, int maxTokens) = PromptFitting.Fit(rendered, request.Sampling, engine, engine.Defaults.MaxTokens);
        string id = RequestBody.Id(context, "chatcmpl", request.Sampling.RequestId);
        GenerationRequest generation = PromptFitting.Request(id, prompt, maxTokens, request.Sampling) with { Adapter = adapter };
        var head = new ResponseHead(id, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), adapter ?? model.Names[0], Fingerprint.Of(engine));
        var writer = new ChatCompletionWriter(head, request);
        RequestTimer timer = context.RequestServices.GetRequiredService<ServerMetrics>().Begin(prompt.Length, maxTokens, request.Sampling.Choices);
        IAsyncEnumerable<GenerationChunk> chunks = timer.Watch(engine.StreamAsync(generation, context.RequestAborted));
        if (request.Sampling.Stream) await Stream(context, request, writer, prompt, promptText, chunks);
        else await Answer(context, request, writer, prompt, promptText, chunks);
    }

    private static async Task Answer(HttpContext context, ChatCompletionRequest request, ChatCompletionWriter writer, int[] prompt, string promptText, IAsyncEnumerable<GenerationChunk> chunks)
    {
        GenerationCollector[] collectors = [.. Enumerable.Range(0, request.Sampling.Choices).Select(i => new GenerationCollector(i))];
        await foreach (GenerationChunk chunk in chunks) collectors[chunk.Choice].Add(chunk);
        Generation[] choices = [.. collectors.Select(collector => collector.Finish())];
        bool details = context.RequestServices.GetRequiredService<ServerOptions>().PromptTokensDetails;
        var usage = new Usage(prompt.Length, choices.Sum(choice => choice.Tokens.Count), details ? choices[0].CachedTokens : null);
        await JsonAnswer.Write(context, json => writer.WriteResponse(json, choices, choices[0].PromptLogprobs, prompt, promptText, usage));
    }

    private static async Task Stream(HttpContext context, ChatCompletionRequest request, ChatCompletionWriter writer, int[] prompt, string promptText, IAsyncEnumerable<GenerationChunk> chunks)
    {
        SamplingFields sampling = request.Sampling;
        using var events = new EventStream(context);
        var used = new int[sampling.Choices];
        var began = new bool[sampling.Choices];
        Usage? Continuous() => sampling.ContinuousUsage ? new Usage(prompt.Length, used.Sum()) : null;
        try
        {
            await foreach (GenerationChunk chunk in chunks)
            {
                if (chunk.Finish == Engine.FinishReason.Error) throw new QuireException(ErrorKind.Internal, chunk.Error ?? "failed");
                if (!began[chunk.Choice])
                {
                    began[chunk.Choice] = true;
                    await events.Send(json => writer.WriteRole(json, chunk.Choice, prompt, promptText, Continuous()));
                }
                used[chunk.Choice] = chunk.CompletionTokens;
                if (chunk.Text.Length == 0 && chunk.Finish is null && chunk.Logprobs.Count == 0 && !sampling.ReturnTokenIds) continue;
                await events.Send(json => writer.WriteChunk(json, chunk, Continuous()));
            }
            if (sampling.IncludeUsage) await events.Send(json => writer.WriteUsage(json, new Usage(prompt.Length, used.Sum())));
        }
        catch (Exception e) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            await events.SendError(e, context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Quire.Server"));
        }
        await events.Done();
    }
}
