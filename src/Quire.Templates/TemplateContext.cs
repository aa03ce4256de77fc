using System.Text.Json;

namespace Quire.Templates;

/// <summary>What one render of a chat template is given.</summary>
public sealed class TemplateContext
{
    /// <summary>The conversation: an array of objects with <c>role</c>, <c>content</c>, <c>tool_calls</c>, ...</summary>
    public required JsonElement Messages { get; init; }

    /// <summary>The tools the model may call. Templates always see the name; it is none where this is null.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Documents to ground the answer in; none where this is null.</summary>
    public JsonElement? Documents { get; init; }

    /// <summary>Whether the prompt ends where the assistant's next message begins.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>Whether the prompt ends inside the last message, for the model to continue it.</summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Further variables, such as <c>enable_thinking</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement> Kwargs { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The tokenizer's special tokens by name: <c>bos_token</c>, <c>eos_token</c>, ...; those it has not are left out.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; init; } = new Dictionary<string, string>();

    /// <summary>Local time for <c>strftime_now</c>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
