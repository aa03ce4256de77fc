using Quire.Formats;
using Quire.Golden;
using Quire.Models;

namespace Quire.Conformance.Models;

/// <summary>A key that makes another model of a file is applied, or the file is refused: nothing that llama.cpp knows is passed over.</summary>
[Trait("golden", "families")]
public sealed class GgufUnappliedKeysTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public static IEnumerable<TheoryDataRow<string>> Families => GgufBrokenKeysTests.Names;

    // Keys of all architectures after llama.cpp's list, with values that no model here has and that change what it computes.
    private static readonly (string Key, object Value)[] Changing =
    [
        ("attn_logit_softcapping", 7f), ("final_logit_softcapping", 7f), ("router_logit_softcapping", 7f), ("logit_scale", 0.3f), ("embedding_scale", 3f), ("residual_scale", 0.3f),
        ("expert_weights_scale", 3f), ("expert_group_scale", 3f), ("attention.clamp_kqv", 0.3f), ("attention.max_alibi_bias", 5f), ("attention.scale", 0.3f), ("attention.output_scale", 0.3f),
        ("attention.value_scale", 0.3f), ("attention.temperature_scale", 0.3f), ("attention.value_length", 6), ("attention.key_length_swa", 6), ("attention.value_length_swa", 6),
        ("rope.scaling.attn_factor", 0.3f), ("rope.scaling.yarn_ext_factor", 0.3f), ("rope.scaling.yarn_log_multiplier", 0.3f), ("rope.freq_base_swa", 777f), ("rope.dimension_count_swa", 2),
        ("hidden_activation", "relu"), ("attention.sliding_window", 3), ("expert_group_count", 2), ("attention.key_length", 64), ("expert_gating_func", 7),
    ];

    [Theory, MemberData(nameof(Families))]
    public void A_key_that_changes_the_model_is_applied_or_refused(string name)
    {
        using Checkpoint origin = Copyable(name);
        byte[] valid = GgufCopy.Build(origin);
        IReadOnlyList<string> stated = new GgufHeader(valid).Keys;
        string architecture = GgufCopy.Architectures[origin.Config.Architectures[0]], usual = Described(valid);
        // Elsewhere no window changes nothing.
        (string, object)[] own = architecture == "llama4" ? [("attention.sliding_window", 0)] : [];
        foreach ((string key, object value) in Changing.Concat(own))
        {
            string full = $"{architecture}.{key}";
            // What the copy says itself is compared with the reference elsewhere.
            if (stated.Contains(full)) continue;
            byte[] file = GgufCopy.Build(origin, more: copy => _ = value switch
            {
                float number => copy.Float32(full, number),
                int count => copy.UInt32(full, (uint)count),
                _ => copy.Text(full, (string)value),
            });
            try
            {
                Assert.True(Described(file) != usual, $"{full} = {value} is passed over");
            }
            catch (QuireException refused)
            {
                Assert.Contains(full, refused.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void A_number_may_stand_once_for_each_layer(string name)
    {
        using Checkpoint origin = Copyable(name);
        byte[] valid = GgufCopy.Build(origin);
        string architecture = GgufCopy.Architectures[origin.Config.Architectures[0]];
        var header = new GgufHeader(valid);
        foreach (string key in (string[])[$"{architecture}.attention.head_count_kv", $"{architecture}.feed_forward_length"])
        {
            if (architecture == "lfm2" || !header.Keys.Contains(key)) continue;
            int layers = (int)header.Number($"{architecture}.block_count"), number = (int)header.Number(key);
            byte[] file = header.With(key, 9, TinyGguf.Array(5, [.. Enumerable.Repeat(BitConverter.GetBytes(number), layers)]));
            try
            {
                Assert.Equal(Described(valid), Described(file));
            }
            catch (QuireException refused)
            {
                Assert.Contains(key, refused.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void Keys_that_change_nothing_are_accepted(string name)
    {
        using Checkpoint origin = Copyable(name);
        byte[] valid = GgufCopy.Build(origin);
        string architecture = GgufCopy.Architectures[origin.Config.Architectures[0]];
        HashSet<string> stated = [.. new GgufHeader(valid).Keys];
        byte[] file = GgufCopy.Build(origin, more: copy =>
        {
            foreach ((string key, float value) in ((string, float)[])[("attn_logit_softcapping", 0), ("attention.clamp_kqv", 0), ("attention.output_scale", 1), ("rope.scaling.yarn_ext_factor", -1), ("nobody.knows", 3)])
                if (stated.Add($"{architecture}.{key}")) copy.Float32($"{architecture}.{key}", value);
            copy.Text("general.nobody_knows", "either");
        });
        Assert.Equal(Described(valid), Described(file));
    }

    private static Checkpoint Copyable(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/families here");
        Checkpoint origin = Checkpoint.Open(FamilyFolders.Path(name));
        if (GgufCopy.Refusal(origin.Config) is not { } refusal) return origin;
        origin.Dispose();
        Assert.Skip($"{name}: {refusal}");
        return origin;
    }

    private string Described(byte[] file)
    {
        File.WriteAllBytes(path, file);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        ModelSpec spec = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
        return string.Join('\n', [(spec with { Layers = [spec.Layers[0]] }).ToString(), .. spec.Layers.Select(layer => layer.ToString())]);
    }

    public void Dispose() => File.Delete(path);
}
