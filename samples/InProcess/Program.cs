using System.Text.Json;
using Quire;
using Quire.Engine;

// docs: load
await using QuireEngine engine = await QuireEngine.LoadAsync("demo", new QuireOptions { MaxModelLength = 512 });
// docs: end
Console.WriteLine($"device: {engine.Device}");
Console.WriteLine($"context: {engine.MaxModelLength} tokens");

// docs: batch
SamplingParameters greedy = SamplingParameters.Greedy with { MaxTokens = 24 };
string[] prompts = ["The capital of France is", "One day", "2 plus 2 is"];
IReadOnlyList<IReadOnlyList<Generation>> answers = await engine.GenerateAsync(prompts.Select(prompt => new GenerationRequest { Prompt = prompt, Sampling = greedy }));
for (int i = 0; i < prompts.Length; i++) Console.WriteLine($"batch: {prompts[i]}{answers[i][0].Text}");
// docs: end

// docs: stream
Console.Write("stream: ");
await foreach (GenerationChunk chunk in engine.StreamAsync(new GenerationRequest { Prompt = "One day", Sampling = greedy })) Console.Write(chunk.Text);
Console.WriteLine();
// docs: end

// docs: chat
JsonElement messages = JsonDocument.Parse("""[{ "role": "user", "content": "What is the capital of France?" }]""").RootElement;
string conversation = engine.RenderChat(new ChatRequest { Messages = messages });
Generation reply = (await engine.GenerateAsync(new GenerationRequest { Prompt = conversation, AddSpecialTokens = false, Sampling = greedy }))[0];
Console.WriteLine($"chat: {reply.Text} ({reply.Finish})");
// docs: end

// docs: in-process
Generation answer = await engine.GenerateAsync("The capital of France is");
Console.WriteLine(answer.Text);
// docs: end
