using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>A body of POST /tokenize: a prompt, or a conversation.</summary>
public sealed record TokenizeRequest
{
    public string? Prompt { get; init; }

    public ChatRequest? Chat { get; init; }

    public bool AddSpecialTokens { get; init; }

    public bool ReturnTokenTexts { get; init; }

    /// <exception cref="ApiException">Neither prompt nor messages, or a field of a wrong type.</exception>
    public static TokenizeRequest Read(JsonElement json)
    {
        var body = new Fields(json);
        bool texts = body.Flag("return_token_strs") ?? false;
        if (body.Element("messages") is { } messages)
        {
            if (messages.ValueKind != JsonValueKind.Array) throw ApiException.Schema("body.messages", "list_type", "Input should be a valid list");
            bool continues = body.Flag("continue_final_message") ?? false;
            if (continues && body.Flag("add_generation_prompt") == true)
                throw ApiException.Bad(null, "Cannot set both `continue_final_message` and `add_generation_prompt` to True.");
            return new TokenizeRequest
            {
                Chat = new ChatRequest
                {
                    Messages = ChatMessages.Read(messages).ForTemplate,
                    Tools = body.Element("tools"),
                    AddGenerationPrompt = (body.Flag("add_generation_prompt") ?? true) && !continues,
                    ContinueFinalMessage = continues,
                    TemplateArguments = body.Object("chat_template_kwargs") is { } given ? given.Properties().ToDictionary(p => p.Name, p => p.Value) : [],
                },
                AddSpecialTokens = body.Flag("add_special_tokens") ?? false,
                ReturnTokenTexts = texts,
            };
        }
        string prompt = body.Text("prompt") ?? throw new ApiException(400, "Bad Request", "body.prompt",
            "2 validation errors:\n  {'type': 'missing', 'loc': 'body.prompt', 'msg': 'Field required'}\n  {'type': 'missing', 'loc': 'body.messages', 'msg': 'Field required'}");
        return new TokenizeRequest { Prompt = prompt, AddSpecialTokens = body.Flag("add_special_tokens") ?? true, ReturnTokenTexts = texts };
    }
}
