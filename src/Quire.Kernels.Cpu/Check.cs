using Quire.Tensors;

namespace Quire.Kernels.Cpu;

/// <summary>Argument checks at the device's border; kernels behind it trust their pointers.</summary>
internal static class Check
{
    public static void F32(in Tensor tensor, string name, long rows, long columns)
    {
        Type(tensor, name, DType.F32);
        if (tensor.Shape.Columns != columns || tensor.Shape.Rows != rows)
            throw new ArgumentException($"{name} is {tensor.Shape}, needed are {rows} rows of {columns}");
    }

    public static void Type(in Tensor tensor, string name, DType type)
    {
        if (tensor.Type != type || tensor.IsEmpty) throw new ArgumentException($"{name} is {tensor}, needed is {type}");
    }
}
