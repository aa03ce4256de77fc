using Quire.Tensors;

namespace Quire.Models;

/// <summary>What a family's configuration class has where config.json says nothing; null where the file must say it, or Llama's rule holds.</summary>
internal sealed record ClassDefaults
{
    public static ClassDefaults None { get; } = new();

    public int? Heads { get; init; }

    public int? KvHeads { get; init; }

    public int? HeadSize { get; init; }

    public int? VocabularySize { get; init; }

    /// <summary>Used whatever <c>hidden_act</c> says.</summary>
    public Activation? Activation { get; init; }
}
