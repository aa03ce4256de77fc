using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>POST /v1/completions: one or several prompts, each with n choices; choice i of prompt p has index p * n + i.</summary>
internal static class CompletionsEndpoint
{
    public static void Map(IEndpointRouteBuilder app) => app.Only("POST", "/v1/completions", Handle);

    private static async Task Handle(HttpContext context)
    {
        JsonElement body = await RequestBody.Read(context);
        RequestBody.CheckRank(context);
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        QuireEngine engine = model.Engine;
        CompletionRequest request = CompletionRequest.Read(body, engine.Defaults, model.Limits);
        string? adapter = model.Adapter(new Fields(body).Text("model"));

        string id = RequestBody.Id(context, "cmpl", request.Sampling.RequestId);
        PromptRun[] runs = [.. request.Prompts.Select((prompt, index) => Prepare(engine, request, prompt, $"{id}-{index}", adapter))];
        ServerMetrics metrics = context.RequestServices.GetRequiredService<ServerMetrics>();
        // All are submitted before the first is read: either all run, or the request is refused as a whole.
        try
        {
            foreach (PromptRun run in runs)
                run.Chunks = metrics.Begin(run.Prompt.Length, run.Generation.Sampling.MaxTokens, request.Sampling.Choices).Watch(engine.StreamAsync(run.Generation, context.RequestAborted));
        }
        catch
        {
            foreach (PromptRun run in runs)
                if (run.Chunks is not null) await run.Chunks.GetAsyncEnumerator(context.RequestAborted).DisposeAsync();
            throw;
        }
        var writer = new CompletionWriter(new ResponseHead(id, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), adapter ?? model.Names[0], Fingerprint.Of(engine)), request);
        if (request.Sampling.Stream) await Stream(context, request, writer, runs, engine);
        else await Answer(context, request, writer, runs, engine);
    }

    private static PromptRun Prepare(QuireEngine engine, CompletionRequest request, CompletionPrompt prompt, string id, string? adapter)
    {
        int[] all = prompt.Tokens ?? engine.Tokenizer.Encode(prompt.Text!, request.AddSpecialTokens);
        int unknown = Array.FindIndex(all, token => token >= engine.Tokenizer.VocabularySize);
        if (unknown >= 0) throw ApiException.Bad(null, $"Token id {all[unknown]} is out of vocabulary");
        (int[] tokens, int maxTokens) = PromptFitting.Fit(all, request.Sampling, engine, null);
        string echo = request.Sampling.Echo ? prompt.Text ?? engine.Tokenizer.Decode(tokens, skipSpecialTokens: false) : "";
        return new PromptRun(tokens, echo, PromptFitting.Request(id, tokens, maxTokens, request.Sampling) with { Adapter = adapter });
    }

    private static async Task Answer(HttpContext context, CompletionRequest request, CompletionWriter writer, PromptRun[] runs, QuireEngine engine)
    {
        int n = request.Sampling.Choices;
        Generation[][] generations = await Task.WhenAll(runs.Select(run => Collect(run, n)));
        List<CompletionChoice> choices = [];
        for (int p = 0; p < runs.Length; p++)
            foreach (Generation generation in generations[p])
                choices.Add(new CompletionChoice((p * n) + generation.Choice, generation, runs[p].Prompt, runs[p].Echo, generation.PromptLogprobs, First(engine, runs[p], request)));
        bool details = context.RequestServices.GetRequiredService<ServerOptions>().PromptTokensDetails;
        int completion = choices.Sum(choice => choice.Generation.Tokens.Count);
        var usage = new Usage(runs.Sum(run => run.Prompt.Length), completion, details ? generations.Sum(g => g[0].CachedTokens) : null);
        await JsonAnswer.Write(context, json => writer.WriteResponse(json, choices, usage));
    }

    private static async Task<Generation[]> Collect(PromptRun run, int choices)
    {
        GenerationCollector[] collectors = [.. Enumerable.Range(0, choices).Select(i => new GenerationCollector(i))];
        await foreach (GenerationChunk chunk in run.Chunks!) collectors[chunk.Choice].Add(chunk);
        return [.. collectors.Select(collector => collector.Finish())];
    }

    private static async Task Stream(HttpContext context, CompletionRequest request, CompletionWriter writer, PromptRun[] runs, QuireEngine engine)
    {
        SamplingFields sampling = request.Sampling;
        int n = sampling.Choices;
        using var events = new EventStream(context);
        var states = new ChoiceState[runs.Length * n];
        for (int i = 0; i < states.Length; i++) states[i] = new ChoiceState();
        int promptTokens = runs.Sum(run => run.Prompt.Length);
        Usage Now() => new(promptTokens, states.Sum(state => state.Used));
        try
        {
            await foreach ((int prompt, GenerationChunk chunk) in Merge(runs, context.RequestAborted))
            {
                if (chunk.Finish == Engine.FinishReason.Error) throw new QuireException(ErrorKind.Internal, chunk.Error ?? "failed");
                ChoiceState state = states[(prompt * n) + chunk.Choice];
                state.Used = chunk.CompletionTokens;
                if (chunk.PromptLogprobs is { } scored) state.Prompt.AddRange(scored);
                bool isFirst = !state.HasBegun;
                if (chunk.Tokens.Count == 0 && chunk.Finish is null) continue;
                if (!isFirst && chunk.Text.Length == 0 && chunk.Finish is null && chunk.Logprobs.Count == 0 && !sampling.ReturnTokenIds) continue;
                state.HasBegun = true;
                bool withPrompt = isFirst && sampling.Echo;
                string text = (withPrompt ? runs[prompt].Echo : "") + (request.EchoOnly ? "" : chunk.Text);
                IReadOnlyList<TextLogprob> logprobs = withPrompt && First(engine, runs[prompt], request) is { } first ? [first, .. state.Prompt, .. chunk.Logprobs] : chunk.Logprobs;
                await events.Send(json => writer.WriteChunk(json, (prompt * n) + chunk.Choice, text, chunk, logprobs, withPrompt,
                    isFirst && sampling.ReturnTokenIds ? runs[prompt].Prompt : null, sampling.ContinuousUsage ? Now() : null, ref state.Offset));
            }
            if (sampling.IncludeUsage) await events.Send(json => writer.WriteUsage(json, Now()));
        }
        catch (Exception e) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            await events.SendError(e, context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Quire.Server"));
        }
        await events.Done();
    }

    // The first prompt token has a text and no log probability.
    private static TextLogprob? First(QuireEngine engine, PromptRun run, CompletionRequest request)
    {
        if (!request.Sampling.Echo || request.Sampling.Parameters.Logprobs is null) return null;
        string text = engine.Tokenizer.Decode(run.Prompt.AsSpan(0, 1), skipSpecialTokens: false);
        return new TextLogprob(run.Prompt[0], text, System.Text.Encoding.UTF8.GetBytes(text), 0, 0, []);
    }

    private static async IAsyncEnumerable<(int Prompt, GenerationChunk Chunk)> Merge(PromptRun[] runs, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        if (runs is [PromptRun only])
        {
            await foreach (GenerationChunk chunk in only.Chunks!.WithCancellation(cancellation)) yield return (0, chunk);
            yield break;
        }
        Channel<(int, GenerationChunk)> merged = Channel.CreateUnbounded<(int, GenerationChunk)>();
        Task pumps = Task.WhenAll(runs.Select(async (run, index) =>
        {
            await foreach (GenerationChunk chunk in run.Chunks!.WithCancellation(cancellation)) await merged.Writer.WriteAsync((index, chunk), cancellation);
        })).ContinueWith(all => merged.Writer.Complete(all.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await foreach ((int, GenerationChunk) item in merged.Reader.ReadAllAsync(cancellation)) yield return item;
        await pumps;
    }

    private sealed class PromptRun(int[] prompt, string echo, GenerationRequest generation)
    {
        public int[] Prompt { get; } = prompt;

        public string Echo { get; } = echo;

        public GenerationRequest Generation { get; } = generation;

        public IAsyncEnumerable<GenerationChunk>? Chunks { get; set; }
    }

    private sealed class ChoiceState
    {
        public int Used;
        public int Offset;
        public bool HasBegun;

        public List<TextLogprob> Prompt { get; } = [];
    }
}
