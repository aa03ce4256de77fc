namespace Quire.Tensors;

/// <summary>How a run of rows becomes one.</summary>
public enum RowPooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>Their sum over the square root of their number.</summary>
    SumByRootLength,

    /// <summary>Their mean with weights 1, 2, 3, ... in their order.</summary>
    WeightedMean,

    /// <summary>The largest of each column.</summary>
    Max,
}
