namespace Quire.Engine;

/// <summary>A request as the scheduler sees it: tokens, how many of them are computed, and blocks.</summary>
internal sealed class Sequence
{
    private int[] tokens;
    private UInt128[] hashes;
    private readonly int blockTokens;
    private int hashed;

    public Sequence(EngineRequest request, long arrival, int groups, UInt128 root, int maxTokens, int blockTokens)
    {
        Request = request;
        Arrival = arrival;
        Root = root;
        this.blockTokens = blockTokens;
        int longest = Math.Min(maxTokens, request.Prompt.Length + request.Parameters.MaxTokens);
        tokens = new int[Math.Max(longest, request.Prompt.Length) + 1];
        request.Prompt.CopyTo(tokens, 0);
        TokenCount = request.Prompt.Length;
        hashes = new UInt128[(tokens.Length / blockTokens) + 1];
        Tables = new BlockTable[groups];
        for (int i = 0; i < groups; i++) Tables[i] = new BlockTable(hashes.Length);
    }

    public EngineRequest Request { get; }

    public SamplingParameters Parameters => Request.Parameters;

    /// <summary>Order of arrival.</summary>
    public long Arrival { get; }

    /// <summary>Row in the executor's persistent state; -1 before the first plan.</summary>
    public int Row { get; set; } = -1;

    /// <summary>Prompt and output tokens that are known.</summary>
    public int TokenCount { get; private set; }

    public int OutputCount => TokenCount - Request.Prompt.Length;

    /// <summary>Tokens whose keys and values are in blocks, or will be once the plans in flight have run.</summary>
    public int ComputedTokens { get; set; }

    /// <summary>Draft tokens to verify in the next step.</summary>
    public List<int> Drafts { get; } = [];

    /// <summary>Tokens that the next step should compute, drafts included.</summary>
    public int TokensToCompute => TokenCount + Drafts.Count - ComputedTokens;

    /// <summary>By KV group.</summary>
    public BlockTable[] Tables { get; }

    /// <summary>Hash of salt and adapter.</summary>
    public UInt128 Root { get; }

    public bool WasPreempted { get; set; }

    public int Preemptions { get; set; }

    /// <summary>Prompt tokens found in the prefix cache at first admission; -1 before.</summary>
    public int CachedPromptTokens { get; set; } = -1;

    public FinishReason? Finished { get; set; }

    /// <summary>It was planned once, or ended, and counts no more as queued.</summary>
    public bool LeftQueue { get; set; }

    /// <summary>Whoever waits for this sequence's outputs; the scheduler does not look at it.</summary>
    public object? Tag { get; init; }

    public ReadOnlySpan<int> Tokens => tokens.AsSpan(0, TokenCount);

    public void Append(int token)
    {
        if (TokenCount == tokens.Length) Array.Resize(ref tokens, 2 * tokens.Length);
        tokens[TokenCount++] = token;
    }

    public ReadOnlySpan<int> BlockContents(int block) => tokens.AsSpan(block * blockTokens, blockTokens);

    public BlockKey Key(int block, int group) => new(hashes[block], group);

    /// <summary>Computes chain hashes of the first <paramref name="blocks"/> blocks, whose tokens must be known.</summary>
    public void HashUpTo(int blocks, PrefixHasher hasher)
    {
        if (blocks > hashes.Length) Array.Resize(ref hashes, Math.Max(blocks, 2 * hashes.Length));
        for (; hashed < blocks; hashed++) hashes[hashed] = hasher.Next(hashed == 0 ? Root : hashes[hashed - 1], BlockContents(hashed));
    }
}
