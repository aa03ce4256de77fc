using Quire.Tensors;

namespace Quire.Server;

/// <summary>How a server listens and what it serves. Names and meanings are those of vLLM's flags.</summary>
public sealed record ServerOptions
{
    /// <summary>A folder, a .gguf file, a Hub id in the local cache, or demo.</summary>
    public required string Model { get; init; }

    public QuireOptions Engine { get; init; } = new();

    /// <summary>--host: address to listen on. The default is reachable from this machine alone.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>--port; 0 takes a free one.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>--served-model-name: the first is what responses say. Default: the model as it was named.</summary>
    public IReadOnlyList<string> ServedModelNames { get; init; } = [];

    /// <summary>--api-key: any of them opens the paths under /v1. None: open.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>--allowed-origins: origins of browsers that may read answers; "*" is all. Default: none.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>--max-logprobs: -1 is no limit.</summary>
    public int MaxLogprobs { get; init; } = 20;

    /// <summary>--logprobs-mode.</summary>
    public LogprobsMode LogprobsMode { get; init; } = LogprobsMode.RawLogprobs;

    /// <summary>--enable-request-id-headers: answers carry X-Request-Id.</summary>
    public bool RequestIdHeaders { get; init; }

    /// <summary>--enable-prompt-tokens-details: usage tells cached prompt tokens.</summary>
    public bool PromptTokensDetails { get; init; }

    /// <summary>--shutdown-timeout: how long running requests may go on after a request to stop.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Largest request body in bytes.</summary>
    public long MaxBodyBytes { get; init; } = 32 << 20;
}
