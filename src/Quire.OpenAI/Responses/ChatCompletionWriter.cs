using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>Responses and chunks of /v1/chat/completions.</summary>
/// <param name="head">Common fields.</param>
/// <param name="request">What was asked: which optional parts appear.</param>
public sealed class ChatCompletionWriter(ResponseHead head, ChatCompletionRequest request)
{
    private readonly SamplingFields sampling = request.Sampling;

    public void WriteResponse(Utf8JsonWriter json, IReadOnlyList<Generation> choices, IReadOnlyList<TextLogprob>? promptLogprobs, int[] prompt, string promptText, Usage usage)
    {
        json.WriteStartObject();
        head.Write(json, "chat.completion");
        json.WriteStartArray("choices");
        foreach (Generation choice in choices) WriteChoice(json, choice);
        json.WriteEndArray();
        json.WriteNull("service_tier");
        json.WriteString("system_fingerprint", head.Fingerprint);
        usage.Write(json, withNulls: true);
        LogprobsWriter.WritePrompt(json, promptLogprobs);
        FinishNames.WriteTokens(json, "prompt_token_ids", sampling.ReturnTokenIds ? prompt : null);
        json.WriteString("prompt_text", sampling.ReturnPromptText ? promptText : null);
        foreach (string name in (string[])["kv_transfer_params", "ec_transfer_params", "metrics"]) json.WriteNull(name);
        json.WriteEndObject();
    }

    /// <summary>The chunk that opens a choice: the role.</summary>
    public void WriteRole(Utf8JsonWriter json, int choice, int[] prompt, string promptText, Usage? usage)
    {
        Begin(json);
        json.WriteStartObject();
        json.WriteNumber("index", choice);
        json.WriteStartObject("delta");
        json.WriteString("role", request.Role);
        json.WriteString("content", request.EchoText);
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteNull("finish_reason");
        json.WriteEndObject();
        json.WriteEndArray();
        FinishNames.WriteTokens(json, "prompt_token_ids", sampling.ReturnTokenIds ? prompt : null);
        json.WriteString("prompt_text", sampling.ReturnPromptText ? promptText : null);
        usage?.Write(json, withNulls: false);
        json.WriteEndObject();
    }

    public void WriteChunk(Utf8JsonWriter json, GenerationChunk chunk, Usage? usage)
    {
        Begin(json);
        json.WriteStartObject();
        json.WriteNumber("index", chunk.Choice);
        json.WriteStartObject("delta");
        json.WriteString("content", chunk.Text);
        json.WriteEndObject();
        if (sampling.Parameters.Logprobs is { } top && chunk.Logprobs.Count > 0) LogprobsWriter.WriteChat(json, chunk.Logprobs, top, sampling.TokensAsTokenIds);
        else json.WriteNull("logprobs");
        FinishNames.Write(json, chunk.Finish);
        if (chunk.Finish is not null) FinishNames.WriteStopReason(json, chunk.StopReason);
        FinishNames.WriteTokens(json, "token_ids", sampling.ReturnTokenIds ? chunk.Tokens : null);
        json.WriteEndObject();
        json.WriteEndArray();
        usage?.Write(json, withNulls: false);
        json.WriteEndObject();
    }

    /// <summary>The last chunk, if usage was asked for.</summary>
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
        head.Write(json, "chat.completion.chunk");
        json.WriteStartArray("choices");
    }

    private void WriteChoice(Utf8JsonWriter json, Generation choice)
    {
        json.WriteStartObject();
        json.WriteNumber("index", choice.Choice);
        json.WriteStartObject("message");
        json.WriteString("role", request.Role);
        json.WriteString("content", request.EchoText + choice.Text);
        foreach (string name in (string[])["refusal", "annotations", "audio", "function_call", "reasoning"]) json.WriteNull(name);
        json.WriteEndObject();
        if (sampling.Parameters.Logprobs is { } top) LogprobsWriter.WriteChat(json, choice.Logprobs, top, sampling.TokensAsTokenIds);
        else json.WriteNull("logprobs");
        FinishNames.Write(json, choice.Finish);
        FinishNames.WriteStopReason(json, choice.StopReason);
        FinishNames.WriteTokens(json, "token_ids", sampling.ReturnTokenIds ? choice.Tokens : null);
        json.WriteNull("routed_experts");
        json.WriteEndObject();
    }
}
