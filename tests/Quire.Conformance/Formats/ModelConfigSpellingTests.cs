using Quire.Formats;

namespace Quire.Conformance.Formats;

/// <summary>transformers 4 and transformers 5 spell one configuration differently; both read as the same.</summary>
[Trait("golden", "families")]
public sealed class ModelConfigSpellingTests
{
    private const string OldName = "config.json", NewName = "config.v5.json";

    private static readonly string[] Sizes =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
        "num_local_experts", "num_experts", "n_routed_experts", "num_experts_per_tok", "moe_intermediate_size", "kv_lora_rank", "qk_rope_head_dim",
        "bos_token_id",
    ];

    private static readonly string[] Numbers =
        ["rms_norm_eps", "layer_norm_eps", "attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar", "routed_scaling_factor", "logit_scale"];

    public static TheoryData<string> Cases() => GoldenCases.Folders("families", NewName);

    [Theory, MemberData(nameof(Cases))]
    public void Both_spellings_read_as_the_same_values(string family)
    {
        string folder = GoldenCases.Require("families", family);
        ModelConfig old = ModelConfig.Read(Path.Combine(folder, OldName)), @new = ModelConfig.Read(Path.Combine(folder, NewName));

        Assert.Equal(old.ModelType, @new.ModelType);
        Assert.NotEmpty(old.Architectures);
        Assert.NotEmpty(@new.Architectures);
        Assert.NotNull(old.DType);
        Assert.Equal(old.DType, @new.DType);
        Assert.Equal(old.EosTokenIds, @new.EosTokenIds);
        Assert.Equal(old.Quantization is null, @new.Quantization is null);
        if (old.LayerTypes is not null && @new.LayerTypes is not null) Assert.Equal(old.LayerTypes, @new.LayerTypes);

        // Only what both files spell: either may leave a key to the class default.
        foreach (string name in Sizes)
            if (old.Has(name) && @new.Has(name)) Assert.Equal((name, old.Int(name)), (name, @new.Int(name)));
        foreach (string name in Numbers)
            if (old.Has(name) && @new.Has(name)) Assert.Equal((name, old.Double(name)), (name, @new.Double(name)));

        AssertRope(old.Rope, @new.Rope);
        foreach ((string layerType, RopeConfig rope) in old.RopeByLayerType) AssertRope(rope, @new.RopeByLayerType[layerType]);
    }

    private static void AssertRope(RopeConfig old, RopeConfig @new)
    {
        if (old.Theta is not null && @new.Theta is not null) Assert.Equal(old.Theta, @new.Theta);
        Assert.Equal(old.PartialRotaryFactor ?? 1, @new.PartialRotaryFactor ?? 1);
        Assert.Equal(old.ShortFactor ?? [], @new.ShortFactor ?? []);
        Assert.Equal(old.LongFactor ?? [], @new.LongFactor ?? []);
        Assert.Equal(Rest(old), Rest(@new));

        static RopeConfig Rest(RopeConfig rope) => rope with { Theta = null, PartialRotaryFactor = null, ShortFactor = null, LongFactor = null };
    }
}
