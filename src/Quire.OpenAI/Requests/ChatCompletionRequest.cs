using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>A body of POST /v1/chat/completions.</summary>
public sealed record ChatCompletionRequest
{
    public required SamplingFields Sampling { get; init; }

    public required ChatRequest Chat { get; init; }

    /// <summary>Whether the tokenizer's own special tokens are added to the rendered text.</summary>
    public bool AddSpecialTokens { get; init; }

    /// <summary>The role of the answer's message.</summary>
    public string Role { get; init; } = "assistant";

    /// <summary>The text of the last message, if the request asked to see it again.</summary>
    public string EchoText { get; init; } = "";

    /// <exception cref="ApiException">A field has the wrong type or a value out of its range.</exception>
    public static ChatCompletionRequest Read(JsonElement json, SamplingDefaults defaults, ServerLimits limits)
    {
        var body = new Fields(json);
        if (body.Element("messages") is not { } messages) throw ApiException.Schema("body.messages", "missing", "Field required");
        if (messages.ValueKind != JsonValueKind.Array) throw ApiException.Schema("body.messages", "list_type", "Input should be a valid list");
        ChatMessages conversation = ChatMessages.Read(messages);
        bool wantsLogprobs = body.Flag("logprobs") ?? false;
        int? top = body.Int("top_logprobs");
        string maxField = body.Has("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
        SamplingFields sampling = SamplingFields.Read(body, defaults, maxField, body.Int("max_completion_tokens") ?? body.Int("max_tokens"), limits);
        if (top is { } asked)
        {
            if (asked < -1) throw ApiException.Value("top_logprobs", "`top_logprobs` must be a positive value or -1.", $"{asked}");
            if (asked != 0 && !wantsLogprobs) throw ApiException.Value("top_logprobs", "when using `top_logprobs`, `logprobs` must be set to true.");
            if (wantsLogprobs) limits.CheckLogprobs("sample", "logprobs", asked);
        }
        bool continues = body.Flag("continue_final_message") ?? false, prompts = body.Flag("add_generation_prompt") ?? true;
        if (continues && body.Flag("add_generation_prompt") == true)
            throw ApiException.Bad(null, "Cannot set both `continue_final_message` and `add_generation_prompt` to True.");
        if (body.Has("chat_template"))
            throw ApiException.Bad(null, "Chat template is passed with request, but --trust-request-chat-template is not set. Refused request with untrusted chat template.");
        JsonElement? tools = ChatTools.Read(body);
        if (conversation.Count == 0) throw ApiException.Bad(null, "Cannot apply chat template to an empty conversation. Provide at least one message.");
        int? promptLogprobs = sampling.Parameters.PromptLogprobs ?? (sampling.Echo ? top ?? 0 : null);
        sampling = sampling with
        {
            Parameters = sampling.Parameters with { Logprobs = wantsLogprobs ? top ?? 0 : null, PromptLogprobs = promptLogprobs },
        };
        return new ChatCompletionRequest
        {
            Sampling = sampling,
            Chat = new ChatRequest
            {
                Messages = conversation.ForTemplate,
                Tools = tools,
                Documents = body.Element("documents"),
                AddGenerationPrompt = prompts && !continues,
                ContinueFinalMessage = continues,
                TemplateArguments = Arguments(body),
            },
            AddSpecialTokens = body.Flag("add_special_tokens") ?? false,
            Role = prompts && !continues ? "assistant" : conversation.LastRole,
            EchoText = sampling.Echo && conversation.LastRole == "assistant" ? conversation.LastText : "",
        };
    }

    private static Dictionary<string, JsonElement> Arguments(Fields body)
    {
        Dictionary<string, JsonElement> arguments = [];
        if (body.Object("chat_template_kwargs") is { } given)
            foreach (JsonProperty property in given.Properties()) arguments[property.Name] = property.Value;
        if (body.Element("reasoning_effort") is { } effort)
        {
            arguments.TryAdd("reasoning_effort", effort);
            using JsonDocument enable = JsonDocument.Parse(effort.ValueKind == JsonValueKind.String && effort.GetString() == "none" ? "false" : "true");
            arguments.TryAdd("enable_thinking", enable.RootElement.Clone());
        }
        return arguments;
    }
}
