using Quire.Tensors;

namespace Quire.Formats;

/// <summary>The tensors that belong to one linear module, found by the ends of their names and checked as they are read.</summary>
/// <param name="find">Tensor by full name, or null.</param>
/// <param name="name">The module's name: <c>model.layers.0.mlp.up_proj</c>.</param>
public sealed class ModuleTensors(Func<string, CheckpointTensor?> find, string name)
{
    public string Name => name;

    public CheckpointTensor? Optional(string suffix) => find(name + "." + suffix);

    /// <summary>The tensor with exactly this shape.</summary>
    /// <param name="what">Why it is needed, for the message.</param>
    /// <exception cref="QuireException">It is missing, or has another shape or type.</exception>
    public CheckpointTensor Get(string suffix, string what, DType type, params ReadOnlySpan<long> shape)
    {
        CheckpointTensor tensor = Get(suffix, what);
        if (tensor.ElementType != type) throw QuireException.BadFile(tensor.File, $"{tensor.Name} is stored as {tensor.TypeName}; {what} needs {type}");
        CheckShape(tensor, what, shape);
        return tensor;
    }

    /// <summary>The tensor of whatever type.</summary>
    public CheckpointTensor Get(string suffix, string what) =>
        Optional(suffix) ?? throw new QuireException(ErrorKind.InvalidRequest, $"{what} needs the tensor {name}.{suffix}, which the checkpoint lacks.");

    /// <summary>Floating-point numbers, all finite, whose count is that of one of the shapes.</summary>
    /// <param name="counts">Allowed numbers of elements.</param>
    public (float[] Values, DType Type) Numbers(string suffix, string what, params ReadOnlySpan<long> counts)
    {
        CheckpointTensor tensor = Get(suffix, what);
        long count = tensor.Shape.Count;
        if (!counts.Contains(count)) throw QuireException.BadFile(tensor.File, $"{tensor.Name} has shape {tensor.Shape}; {what} needs {string.Join(" or ", counts.ToArray())} elements");
        if (!tensor.CanRead) throw QuireException.BadFile(tensor.File, $"{tensor.Name} is stored as {tensor.TypeName}; floating-point numbers were expected");
        var values = new float[count];
        tensor.ReadRows(0, tensor.Shape.Rows, values);
        foreach (float value in values)
            if (!float.IsFinite(value)) throw QuireException.BadFile(tensor.File, $"{tensor.Name} holds {value}; finite numbers were expected");
        return (values, tensor.ElementType switch { DType.F16 or DType.F8E4M3 or DType.F8E5M2 => DType.F16, DType.BF16 => DType.BF16, _ => DType.F32 });
    }

    /// <summary>A single positive number.</summary>
    public float PositiveNumber(string suffix, string what)
    {
        float value = Numbers(suffix, what, 1).Values[0];
        return value > 0 ? value : throw QuireException.BadFile(Get(suffix, what).File, $"{name}.{suffix} is {value}; a positive number was expected");
    }

    private static void CheckShape(CheckpointTensor tensor, string what, ReadOnlySpan<long> shape)
    {
        var wanted = new Shape(shape);
        if (tensor.Shape != wanted) throw QuireException.BadFile(tensor.File, $"{tensor.Name} has shape {tensor.Shape}; {what} needs {wanted}");
    }
}
