using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Quire.Server.Tests;

/// <summary>Seeded nonsense: whatever a body says, it is answered, never with a failure of the server, and leaves nothing behind.</summary>
[Trait("run", "long")]
public sealed class FuzzTests(ServerFixture fixture)
{
    private static readonly string[] Fields =
    [
        "model", "messages", "prompt", "temperature", "top_p", "top_k", "min_p", "n", "max_tokens", "stop", "stop_token_ids", "logprobs", "top_logprobs", "prompt_logprobs", "echo", "stream",
        "stream_options", "seed", "logit_bias", "allowed_token_ids", "bad_words", "min_tokens", "ignore_eos", "presence_penalty", "repetition_penalty", "truncate_prompt_tokens", "tools",
        "tool_choice", "response_format", "chat_template_kwargs", "continue_final_message", "cache_salt", "priority", "return_token_ids", "documents", "reasoning_effort", "tokens",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "1", "-1", "2", "1e30", "-1e30", "0.5", "99999999999999999999", "\"\"", "\"x\"", "\"5\"", "\"\\u0000\"", "\"é\"", "{}", "[]", "[1]", "[\"a\"]", "{\"a\":1}", "[[1]]", "[null]",
        "[{\"role\":\"user\",\"content\":\"Hi\"}]", "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]}]", "[{}]", "[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"arguments\":\"{\"}}]}]",
    ];

    [Fact]
    public async Task No_body_makes_the_server_fail()
    {
        int answered = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 6000), new ParallelOptions { MaxDegreeOfParallelism = 6, CancellationToken = TestContext.Current.CancellationToken }, async (seed, cancellation) =>
        {
            var random = new Random(seed);
            string path = random.GetItems((string[])["/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize"], 1)[0];
            var body = new JsonObject { ["max_tokens"] = random.Next(1, 8), ["prompt"] = "Hello", ["messages"] = JsonNode.Parse(Values[23]) };
            foreach (string field in random.GetItems(Fields, random.Next(1, 5))) body[field] = JsonNode.Parse(Values[random.Next(Values.Length)]);
            using HttpResponseMessage response = await fixture.Server.Client.PostAsync(path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), cancellation);
            string text = await response.Content.ReadAsStringAsync(cancellation);
            Assert.True((int)response.StatusCode is 200 or 400 or 404 or 501, $"{path} {body.ToJsonString()} was answered {(int)response.StatusCode}: {text}");
            Assert.DoesNotContain("InternalServerError", text);
            Interlocked.Increment(ref answered);
        });
        Assert.Equal(6000, answered);
        await CompletionTests.Until(() => fixture.Server.Host.Current!.Statistics is { Running: 0 } s && s.FreeBlocks == s.TotalBlocks);
    }
}
