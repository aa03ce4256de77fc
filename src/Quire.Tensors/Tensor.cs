using System.Runtime.CompilerServices;

namespace Quire.Tensors;

/// <summary>A contiguous view of typed elements at an address of some device. It owns nothing: whoever allocated the memory keeps it alive.</summary>
/// <param name="address">First element; a host address for CPU tensors, opaque for other devices.</param>
public readonly unsafe struct Tensor(nint address, DType type, Shape shape)
{
    public nint Address { get; } = address;

    public DType Type { get; } = type;

    public Shape Shape { get; } = shape;

    public long ByteCount => Shape.Count * Type.Size();

    public bool IsEmpty => Address == 0;

    /// <summary>Rows <paramref name="first"/> .. <paramref name="first"/> + <paramref name="count"/> of the slowest dimension.</summary>
    public Tensor Slice(long first, long count)
    {
        if (first < 0 || count < 0 || first + count > Shape[0])
            throw new ArgumentOutOfRangeException(nameof(first), $"rows {first} + {count} of a tensor {Shape}");
        long stride = Shape[0] == 0 ? 0 : Shape.Count / Shape[0] * Type.Size();
        Shape rows = Shape.Rank switch
        {
            1 => new Shape(count),
            2 => new Shape(count, Shape[1]),
            3 => new Shape(count, Shape[1], Shape[2]),
            _ => new Shape(count, Shape[1], Shape[2], Shape[3]),
        };
        return new Tensor(Address + (nint)(first * stride), Type, rows);
    }

    /// <summary>The same elements in other dimensions.</summary>
    public Tensor View(Shape other) => other.Count == Shape.Count
        ? new Tensor(Address, Type, other)
        : throw new ArgumentException($"a tensor {Shape} cannot be viewed as {other}");

    /// <summary>The first elements of this memory as another shape (and type): how a workspace is carved.</summary>
    public Tensor Carve(DType type, Shape other) => other.Count * type.Size() <= ByteCount
        ? new Tensor(Address, type, other)
        : throw new ArgumentException($"{other} of {type} does not fit into {ByteCount} bytes");

    /// <summary>Host tensors only: the elements as a span.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> has another size than the elements, or there are more than 2^31.</exception>
    public Span<T> AsSpan<T>() where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() != Type.Size()) throw new ArgumentException($"{typeof(T).Name} is not an element of {Type}");
        return new Span<T>((void*)Address, checked((int)Shape.Count));
    }

    public override string ToString() => $"{Type}{Shape}";
}
