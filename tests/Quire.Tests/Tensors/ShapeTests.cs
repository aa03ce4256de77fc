using Quire.Tensors;

namespace Quire.Tests.Tensors;

public sealed class ShapeTests
{
    [Fact]
    public void Counts_elements_rows_and_columns()
    {
        var shape = new Shape(2, 3, 4);
        Assert.Equal((24, 6, 4), (shape.Count, shape.Rows, shape.Columns));
        Assert.Equal("[2, 3, 4]", shape.ToString());
        Assert.Equal(1, default(Shape).Count);
    }

    [Fact]
    public void A_slice_moves_the_address_by_whole_rows()
    {
        using var buffer = new NativeBuffer(6 * 4);
        Tensor tensor = buffer.Tensor(DType.F32, new Shape(3, 2));
        for (int i = 0; i < 6; i++) tensor.AsSpan<float>()[i] = i;
        Assert.Equal([2f, 3f, 4f, 5f], tensor.Slice(1, 2).AsSpan<float>().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Slice(2, 2));
    }
}
