using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>One finished choice of a completion, with what its prompt showed.</summary>
/// <param name="Index">Over all prompts and choices.</param>
/// <param name="PromptText">The prompt's text, if it is echoed.</param>
/// <param name="PromptLogprobs">The prompt's, from its second token on, if asked for.</param>
public sealed record CompletionChoice(int Index, Generation Generation, int[] Prompt, string PromptText, IReadOnlyList<TextLogprob>? PromptLogprobs, TextLogprob? FirstPromptToken);

/// <summary>Responses and chunks of /v1/completions.</summary>
public sealed class CompletionWriter(ResponseHead head, CompletionRequest request)
{
    private readonly SamplingFields sampling = request.Sampling;

    public void WriteResponse(Utf8JsonWriter json, IReadOnlyList<CompletionChoice> choices, Usage usage)
    {
        json.WriteStartObject();
        head.Write(json, "text_completion");
        json.WriteStartArray("choices");
        foreach (CompletionChoice choice in choices) WriteChoice(json, choice);
        json.WriteEndArray();
        json.WriteNull("service_tier");
        json.WriteString("system_fingerprint", head.Fingerprint);
        usage.Write(json, withNulls: true);
        foreach (string name in (string[])["kv_transfer_params", "ec_transfer_params", "metrics"]) json.WriteNull(name);
        json.WriteEndObject();
    }

    /// <param name="index">Over all prompts and choices.</param>
    /// <param name="text">The chunk's text, with the prompt before it in an echo's first chunk.</param>
    /// <param name="logprobs">Tokens to report.</param>
    /// <param name="offset">Characters that the choice has before this chunk; moved on.</param>
    public void WriteChunk(Utf8JsonWriter json, int index, string text, GenerationChunk chunk, IReadOnlyList<TextLogprob> logprobs, bool startsWithPrompt, int[]? prompt, Usage? usage, ref int offset)
    {
        Begin(json);
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteString("text", text);
        if (sampling.Parameters.Logprobs is not null && logprobs.Count > 0) LogprobsWriter.WriteCompletion(json, logprobs, sampling.TokensAsTokenIds, ref offset, startsWithPrompt);
        else json.WriteNull("logprobs");
        FinishNames.Write(json, chunk.Finish);
        FinishNames.WriteStopReason(json, chunk.StopReason);
        FinishNames.WriteTokens(json, "prompt_token_ids", prompt);
        FinishNames.WriteTokens(json, "token_ids", sampling.ReturnTokenIds ? chunk.Tokens : null);
        json.WriteEndObject();
        json.WriteEndArray();
        usage?.Write(json, withNulls: false);
        json.WriteEndObject();
    }

    public void WriteUsage(Utf8JsonWriter json, Usage usage)
    {
        Begin(json);
        json.WriteEndArray();
        usage.Write(json, withNulls: false);
        json.WriteString("system_fingerprint", head.Fingerprint);
        json.WriteEndObject();
    }

    private void Begin(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        head.Write(json, "text_completion");
        json.WriteStartArray("choices");
    }

    private void WriteChoice(Utf8JsonWriter json, CompletionChoice choice)
    {
        Generation generation = choice.Generation;
        json.WriteStartObject();
        json.WriteNumber("index", choice.Index);
        json.WriteString("text", choice.PromptText + (request.EchoOnly ? "" : generation.Text));
        if (sampling.Parameters.Logprobs is not null)
        {
            bool withPrompt = sampling.Echo && choice.FirstPromptToken is not null;
            IReadOnlyList<TextLogprob> own = request.EchoOnly ? [] : generation.Logprobs;
            IReadOnlyList<TextLogprob> all = withPrompt ? [choice.FirstPromptToken!, .. choice.PromptLogprobs ?? [], .. own] : own;
            int offset = 0;
            LogprobsWriter.WriteCompletion(json, all, sampling.TokensAsTokenIds, ref offset, withPrompt);
        }
        else
        {
            json.WriteNull("logprobs");
        }
        FinishNames.Write(json, generation.Finish);
        FinishNames.WriteStopReason(json, generation.StopReason);
        FinishNames.WriteTokens(json, "token_ids", sampling.ReturnTokenIds ? (request.EchoOnly ? [] : generation.Tokens) : null);
        LogprobsWriter.WritePrompt(json, choice.PromptLogprobs);
        FinishNames.WriteTokens(json, "prompt_token_ids", sampling.ReturnTokenIds ? choice.Prompt : null);
        json.WriteNull("routed_experts");
        json.WriteEndObject();
    }
}
