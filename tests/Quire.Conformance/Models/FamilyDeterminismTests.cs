using Quire.Engine;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>One property of every family: what a request gets does not depend on what stands beside it, on how its prompt was cut, or on a prefix found in the cache.</summary>
[Trait("golden", "families")]
public sealed class FamilyDeterminismTests
{
    private const int NewTokens = 6;

    public static IEnumerable<TheoryDataRow<string, string>> Cases =>
        from name in FamilyGolden.Names
        from dtype in (string[])["float32", "bfloat16"]
        select new TheoryDataRow<string, string>(name.Data, dtype);

    [Theory, MemberData(nameof(Cases))]
    public async Task Tokens_and_log_probabilities_are_bit_equal_alone_mixed_chunked_and_after_a_prefix_hit(string name, string dtype)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        ModelConfig config = ModelConfig.Read(Path.Combine(golden.Folder, "config.json"));
        int positions = ModelFamilies.Of(config).Describe(config).MaxPositions;
        int[][] prompts = [.. golden.Prompts.Where(prompt => prompt.Length + NewTokens < positions)];
        var options = new QuireOptions { DType = dtype, PrefixCaching = false };
        uint[][] alone = new uint[prompts.Length][], extended = new uint[2][];
        int[][] shared;
        using (var engine = new EngineRunner(golden.Folder, options))
        {
            for (int i = 0; i < prompts.Length; i++) alone[i] = Bits(await engine.Run(prompts[i], Parameters));
            shared = Shared(prompts, Math.Max(KvLayout.BlockTokens, engine.Memory.StateInterval));
            for (int i = 0; i < 2; i++) extended[i] = Bits(await engine.Run(shared[i], Parameters));
        }

        // Twenty tokens a step: prompts are cut, and their pieces share steps with other prompts and with decoding rows.
        using (var engine = new EngineRunner(golden.Folder, options with { MaxBatchedTokens = 20, MaxSequences = 16 }))
        {
            GenerationStream[] streams = [.. prompts.Concat(prompts.Reverse()).Select((prompt, i) => engine.Submit(prompt, Parameters, i))];
            for (int i = 0; i < streams.Length; i++)
                Assert.Equal(alone[i < prompts.Length ? i : (2 * prompts.Length) - 1 - i], Bits(await EngineRunner.Collect(streams[i])));
        }

        using (var engine = new EngineRunner(golden.Folder, options with { PrefixCaching = true }))
        {
            await engine.Run(shared[0], Parameters);
            for (int i = 0; i < 2; i++)
            {
                List<EngineOutput> again = await engine.Run(shared[i], Parameters);
                Assert.True(again[0].CachedTokens > 0, "the prompt was not found in the cache");
                Assert.Equal(extended[i], Bits(again));
            }
        }
    }

    // A prompt of more than an interval after which a prefix can be continued, and the same with another end.
    private static int[][] Shared(int[][] prompts, int interval)
    {
        int[] longest = prompts.MaxBy(prompt => prompt.Length)!;
        int[] prompt = [.. Enumerable.Range(0, Math.Max(longest.Length, interval + 5)).Select(i => longest[i % longest.Length])];
        return [prompt, [.. prompt[..^3], .. longest[..3].Reverse()]];
    }

    private static SamplingParameters Parameters => SamplingParameters.Greedy with { MaxTokens = NewTokens, IgnoreEos = true, Logprobs = 5 };

    private static uint[] Bits(IEnumerable<EngineOutput> outputs) => [.. outputs.Where(output => output.Token >= 0).SelectMany(output =>
        output.Logprobs!.Top.Select(top => BitConverter.SingleToUInt32Bits(top.Value)).Append((uint)output.Token).Append(BitConverter.SingleToUInt32Bits(output.Logprobs.Logprob)))];
}
