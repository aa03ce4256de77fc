using Microsoft.Extensions.Logging.Abstractions;
using Quire.Engine;
using Quire.Formats;
using Quire.Tensors;

namespace Quire.Golden;

/// <summary>A loaded model that is asked in token ids.</summary>
internal sealed class EngineRunner : IDisposable
{
    private readonly LoadedModel model;

    /// <param name="wrap">Puts something around the executor, to see or disturb its steps.</param>
    public EngineRunner(string path, QuireOptions? options = null, Func<IExecutor, IExecutor>? wrap = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path, options?.Overrides());
        model = ModelLoader.Load(checkpoint, (options ?? new QuireOptions()) with { KvCacheBytes = 256 << 20 }, NullLogger.Instance, wrap);
    }

    public InferenceEngine Engine => model.Engine;

    public MemoryPlan Memory => model.Memory;

    public IDevice Device => model.Device;

    public GenerationStream Submit(int[] prompt, SamplingParameters parameters, int choice = 0) =>
        Engine.Submit(new EngineRequest { Id = "test", Prompt = prompt, Parameters = parameters, Choice = choice });

    public async Task<List<EngineOutput>> Run(int[] prompt, SamplingParameters parameters)
    {
        using GenerationStream stream = Submit(prompt, parameters);
        return await Collect(stream);
    }

    public static async Task<List<EngineOutput>> Collect(GenerationStream stream)
    {
        List<EngineOutput> outputs = [];
        await foreach (EngineOutput output in stream.Outputs.ReadAllAsync(TestContext.Current.CancellationToken)) outputs.Add(output);
        return outputs;
    }

    public void Dispose() => model.Dispose();
}
