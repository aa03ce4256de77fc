namespace Quire.Kernels.Cpu.Linear;

/// <summary>How blocks of bf16 rows are multiplied with bf16 panels: by vectors, or by tile registers where a CPU has them. Their sums differ in the last bits; one of them serves all numbers of rows.</summary>
internal unsafe interface IBFloatTiles
{
    /// <summary>This CPU has the instructions, and multiplies bf16 faster with them than f32.</summary>
    static abstract bool AreFaster { get; }

    /// <summary>They are tile registers (AMX), which integer products of many rows and attention may use too.</summary>
    static abstract bool AreTileRegisters { get; }

    /// <summary>Rows that are multiplied while weights pass once.</summary>
    static abstract int BlockRows { get; }

    /// <summary>Inputs of a panel that are multiplied for all rows before the next ones, at most. A call is short, so that the collector need not wait for it.</summary>
    static abstract int Piece { get; }

    /// <summary>Elements between rounded rows.</summary>
    static abstract int RowStride(int inputs);

    /// <summary>Rows that can be read, and sums that can be written, of a block of <paramref name="rows"/>.</summary>
    static abstract int Padded(int rows);

    /// <summary>Rows of an item at most: those that stay in the second-level cache, and <see cref="MaxRows"/>.</summary>
    static abstract int MaxRowBlock(int inputs);

    static abstract int MaxRows { get; }

    /// <summary>Comes before the products of an item.</summary>
    static abstract void Begin();

    /// <summary>Comes behind them.</summary>
    static abstract void End();

    /// <summary>sums (+)= rows times weights.</summary>
    /// <param name="weights">[tiles][inputs / 2][16][2] bf16.</param>
    /// <param name="tileStride">Bytes between tiles.</param>
    /// <param name="tiles">1 .. 4</param>
    /// <param name="inputs">Whole groups, but for the last piece of a row.</param>
    /// <param name="sums">[<see cref="Padded"/> rows][64]</param>
    /// <param name="adds">Goes on from the sums, else overwrites them.</param>
    /// <param name="next">Weights that will be multiplied next, in the same strides; null if they are in a near cache.</param>
    static abstract void Multiply(byte* weights, nint tileStride, ushort* rows, int rowStride, int count, int tiles, int inputs, float* sums, bool adds, byte* next);
}
