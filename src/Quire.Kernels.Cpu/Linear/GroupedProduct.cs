namespace Quire.Kernels.Cpu.Linear;

/// <summary>One of several products that run together: some rows of the inputs times a weight of their own.</summary>
internal readonly record struct GroupedProduct(PackedWeight Weight, int FirstRow, int Rows, ProductOutput Output);
