using Quire.Tensors;

namespace Quire.Models;

/// <summary>What a layer keeps of sequences, and where the batch's rows find it: keys and values, or states.</summary>
internal readonly record struct LayerMemory(KvCache Cache, AttentionBatch Attention, StateCache State, StateBatch States);
