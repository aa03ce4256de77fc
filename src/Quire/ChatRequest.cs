using System.Text.Json;

namespace Quire;

/// <summary>A conversation to render with the model's chat template.</summary>
public sealed record ChatRequest
{
    /// <summary>Array of messages as the OpenAI API has them.</summary>
    public required JsonElement Messages { get; init; }

    /// <summary>Array of tools, or null.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Array of documents, or null.</summary>
    public JsonElement? Documents { get; init; }

    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>The last message is a beginning that the model goes on with.</summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Further variables of the template.</summary>
    public IReadOnlyDictionary<string, JsonElement> TemplateArguments { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>A template instead of the model's.</summary>
    public string? ChatTemplate { get; init; }
}
