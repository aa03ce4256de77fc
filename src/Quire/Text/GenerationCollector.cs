using System.Text;
using Quire.Engine;

namespace Quire;

/// <summary>Puts one choice's pieces together.</summary>
public sealed class GenerationCollector(int choice)
{
    private readonly StringBuilder text = new();
    private readonly List<int> tokens = [];
    private readonly List<TextLogprob> logprobs = [];
    private List<TextLogprob>? promptLogprobs;
    private GenerationChunk? last;

    public void Add(GenerationChunk chunk)
    {
        text.Append(chunk.Text);
        tokens.AddRange(chunk.Tokens);
        logprobs.AddRange(chunk.Logprobs);
        if (chunk.PromptLogprobs is { } prompt) (promptLogprobs ??= []).AddRange(prompt);
        last = chunk;
    }

    /// <exception cref="QuireException">The choice failed.</exception>
    public Generation Finish()
    {
        if (last is not { Finish: { } finish }) throw new QuireException(ErrorKind.Internal, "The engine ended before the choice did.");
        if (finish == FinishReason.Error) throw new QuireException(ErrorKind.Internal, last.Error ?? "The engine failed.");
        return new Generation(choice, text.ToString(), tokens, logprobs, finish, last.StopReason, last.PromptTokens, last.CachedTokens) { PromptLogprobs = promptLogprobs };
    }
}
