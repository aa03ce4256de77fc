using Quire.Engine;
using Quire.Tokenizers;

namespace Quire;

/// <summary>Turns one choice's tokens into text as they come: detokenizes, looks for stop texts, holds back what may become one.</summary>
internal sealed class ChoiceReader
{
    private readonly GenerationRequest request;
    private readonly GenerationStream stream;
    private readonly Tokenizer tokenizer;
    private readonly StreamingDetokenizer detokenizer;
    private readonly StopStringFilter? stops;
    private readonly IReadOnlyList<int> eosTokenIds;
    private int completionTokens;

    public ChoiceReader(GenerationRequest request, GenerationStream stream, Tokenizer tokenizer, IReadOnlyList<int> eosTokenIds)
    {
        this.request = request;
        this.stream = stream;
        this.tokenizer = tokenizer;
        this.eosTokenIds = eosTokenIds;
        detokenizer = new StreamingDetokenizer(tokenizer, stream.Request.Prompt, request.SkipSpecialTokens);
        if (request.Stop.Count > 0) stops = new StopStringFilter(request.Stop, request.IncludeStop, request.Sampling.MinTokens);
    }

    public bool IsEnded { get; private set; }

    /// <summary>The next piece, or null if the choice gave nothing to say.</summary>
    public GenerationChunk? Read(in EngineOutput output)
    {
        if (IsEnded) return null;
        List<TextLogprob>? prompt = output.PromptLogprobs is { Count: > 0 } entries ? [.. entries.Select(entry => Describe(entry, tokenizer.Decode([entry.Token], false)))] : null;
        string text = "";
        object? stopReason = null;
        FinishReason? finish = output.Finish;
        IReadOnlyList<int> tokens = [];
        IReadOnlyList<TextLogprob> logprobs = [];
        if (output.Token >= 0)
        {
            completionTokens++;
            tokens = [output.Token];
            bool endsHere = finish == FinishReason.Stop, byStopId = endsHere && IsStopId(output.Token);
            // The token that ended the choice is no text, except a stop id that was asked to be included.
            string delta = endsHere && !(byStopId && request.IncludeStop) ? "" : detokenizer.Append(output.Token);
            if (byStopId) stopReason = output.Token;
            if (output.Logprobs is { } report) logprobs = [Describe(report, endsHere && delta.Length == 0 ? tokenizer.Decode([output.Token], false) : delta)];
            text = Release(delta, ref finish, ref stopReason);
        }
        if (finish is not null)
        {
            IsEnded = true;
            if (stops is not null) text += stops.Finish();
        }
        else if (text.Length == 0 && tokens.Count == 0 && prompt is null)
        {
            return null;
        }
        return new GenerationChunk
        {
            Choice = stream.Request.Choice,
            Text = text,
            Tokens = tokens,
            Logprobs = logprobs,
            PromptLogprobs = prompt,
            Finish = finish,
            StopReason = stopReason,
            PromptTokens = stream.Request.Prompt.Length,
            CachedTokens = output.CachedTokens,
            CompletionTokens = completionTokens,
            Error = output.Error,
        };
    }

    // A stop text ends the choice from outside: the engine is told, and tokens that it computes meanwhile are not read.
    private string Release(string delta, ref FinishReason? finish, ref object? stopReason)
    {
        if (stops is null) return delta;
        ReleasedText released = stops.Append(delta);
        if (released.StopString is not { } matched) return released.Text;
        (finish, stopReason) = (FinishReason.Stop, matched);
        stream.Abort();
        return released.Text;
    }

    private bool IsStopId(int token) => request.Sampling.StopTokenIds.Contains(token) && (request.Sampling.IgnoreEos || !eosTokenIds.Contains(token));

    private TextLogprob Describe(TokenLogprobs entry, string text)
    {
        TextLogprob[] top = [.. entry.Top.Select((alternative, index) => Describe(alternative.Key, tokenizer.Decode([alternative.Key], false), alternative.Value, index + 1, []))];
        return Describe(entry.Token, text, entry.Logprob, entry.Rank, top);
    }

    private static TextLogprob Describe(int token, string text, float logprob, int rank, TextLogprob[] top) =>
        new(token, text, System.Text.Encoding.UTF8.GetBytes(text), logprob, rank, top);
}
