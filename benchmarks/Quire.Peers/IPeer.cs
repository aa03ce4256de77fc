namespace Quire.Peers;

/// <summary>A program under measurement. Prompts are token ids; decoding is greedy and never ends early.</summary>
internal interface IPeer : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Seconds to compute a prompt and its first token.</summary>
    Task<double> Prefill(int[] prompt);

    /// <summary>Seconds per step of all streams together, once every prompt is computed.</summary>
    Task<double> DecodeStep(int[][] prompts, int steps);
}
