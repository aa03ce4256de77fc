using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

namespace Quire.Server.Tests;

/// <summary>The official .NET client against this server.</summary>
public sealed class OpenAiSdkTests(ServerFixture fixture)
{
    private OpenAIClient Client => new(new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = new Uri(fixture.Server.Client.BaseAddress!, "/v1") });

    [Fact]
    public async Task Streams_a_chat()
    {
        ChatClient chat = Client.GetChatClient("demo");
        string text = "";
        ChatFinishReason? finish = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage("What is the capital of France?")], new ChatCompletionOptions { Temperature = 0 }, TestContext.Current.CancellationToken))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish = update.FinishReason ?? finish;
        }
        Assert.Equal("The capital of France is Paris.", text);
        Assert.Equal(ChatFinishReason.Stop, finish);
    }

    [Fact]
    public async Task Lists_models_and_answers_whole()
    {
        Assert.Equal("demo", Assert.Single((await Client.GetOpenAIModelClient().GetModelsAsync(TestContext.Current.CancellationToken)).Value).Id);
        ChatCompletion answer = await Client.GetChatClient("demo").CompleteChatAsync([new UserChatMessage("What is the capital of France?")], new ChatCompletionOptions { Temperature = 0 }, TestContext.Current.CancellationToken);
        Assert.Equal("The capital of France is Paris.", answer.Content[0].Text);
        Assert.Equal(10, answer.Usage.OutputTokenCount);
    }
}
