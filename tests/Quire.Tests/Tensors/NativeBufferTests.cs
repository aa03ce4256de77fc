using Quire.Tensors;

namespace Quire.Tests.Tensors;

public sealed class NativeBufferTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData((9 << 20) + 13)]
    public void Memory_is_zeroed_aligned_and_counted(long bytes)
    {
        var buffer = new NativeBuffer(bytes);
        Assert.Equal(0, buffer.Address % 64);
        Assert.True(buffer.Tensor(DType.U8, new Shape(bytes)).AsSpan<byte>().IndexOfAnyExcept((byte)0) < 0);
        buffer.Tensor(DType.U8, new Shape(bytes)).AsSpan<byte>()[^1] = 1;
        Assert.True(NativeBuffer.Allocated >= bytes);
        buffer.Dispose();
        Assert.Equal(0, buffer.Address);
        buffer.Dispose();
    }
}
