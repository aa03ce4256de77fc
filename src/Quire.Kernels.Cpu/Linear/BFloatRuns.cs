namespace Quire.Kernels.Cpu.Linear;

/// <summary>Runs of inputs that a bf16 product with codes sums before it scales them: those under one header, or pieces of a long one.</summary>
/// <param name="groups">Of 32 inputs, of a row.</param>
internal readonly struct BFloatRuns(PackedFormat format, int groups)
{
    /// <summary>Groups of a run at most.</summary>
    public const int MaxGroups = 8;

    /// <summary>Groups under a header.</summary>
    public int PerHeader { get; } = Math.Min(format.HeaderInputs / Packing.Group, groups);

    /// <summary>Groups of a row.</summary>
    public int RowGroups => groups;

    /// <summary>Groups of a run; the last under a header may have fewer.</summary>
    public int Groups => Math.Min(PerHeader, MaxGroups);

    /// <summary>A header has several runs.</summary>
    public bool CutsHeaders => PerHeader > MaxGroups;

    public bool Begins(int group) => group % PerHeader % Groups == 0;

    /// <summary>Groups to go through at once, from a run's first on: runs of one header, or whole headers.</summary>
    /// <param name="most">At least <see cref="MaxGroups"/>.</param>
    public int Piece(int group, int most)
    {
        int whole = most / Groups * Groups;
        return Math.Min(CutsHeaders ? Math.Min(whole, PerHeader - (group % PerHeader)) : whole, groups - group);
    }
}
