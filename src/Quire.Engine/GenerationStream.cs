using System.Threading.Channels;

namespace Quire.Engine;

/// <summary>The outputs of one request, in order. Dispose (or <see cref="Abort"/>) gives the request up if it has not ended.</summary>
public sealed class GenerationStream : IDisposable
{
    private readonly Channel<EngineOutput> channel = Channel.CreateUnbounded<EngineOutput>(new UnboundedChannelOptions { SingleWriter = true, SingleReader = true });
    private readonly InferenceEngine engine;

    internal GenerationStream(InferenceEngine engine, EngineRequest request)
    {
        this.engine = engine;
        Request = request;
    }

    public EngineRequest Request { get; }

    /// <summary>Completes after the output that carries a finish reason.</summary>
    public ChannelReader<EngineOutput> Outputs => channel.Reader;

    internal Sequence? Sequence { get; set; }

    internal bool IsEnded { get; private set; }

    /// <summary>Ends the request within one step; a last output with <see cref="FinishReason.Abort"/> follows.</summary>
    public void Abort() => engine.Abort(this);

    public void Dispose() => Abort();

    internal void Publish(in EngineOutput output)
    {
        if (IsEnded) return;
        channel.Writer.TryWrite(output);
        if (output.Finish is null) return;
        IsEnded = true;
        channel.Writer.Complete();
        engine.Ended(this);
    }
}
