using System.IO.MemoryMappedFiles;

namespace Quire.Tensors;

/// <summary>A whole file mapped read-only. Addresses stay valid until <see cref="Dispose"/>; nothing is read before it is touched.</summary>
public sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? file;
    private readonly MemoryMappedViewAccessor? view;
    private byte* start;

    /// <exception cref="QuireException">The file does not exist or cannot be opened.</exception>
    public MappedFile(string path)
    {
        Path = path;
        try
        {
            Length = new FileInfo(path).Length;
            if (Length == 0) return;
            file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            start += view.PointerOffset;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Dispose();
            throw new QuireException(ErrorKind.NotFound, $"{path} cannot be opened: {e.Message}", inner: e);
        }
    }

    public string Path { get; }

    /// <summary>Bytes in the file when it was opened.</summary>
    public long Length { get; }

    /// <summary>The bytes <paramref name="offset"/> .. <paramref name="offset"/> + <paramref name="length"/>, without copying.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the file.</exception>
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        CheckRange(offset, length);
        return new ReadOnlySpan<byte>(start + offset, length);
    }

    /// <summary>The same range as a tensor view over the mapping.</summary>
    public Tensor Tensor(long offset, DType type, Shape shape)
    {
        CheckRange(offset, shape.Count * type.Size());
        return new Tensor((nint)(start + offset), type, shape);
    }

    /// <summary>The bytes <paramref name="offset"/> .. <paramref name="offset"/> + <paramref name="length"/> as a one-dimensional <see cref="DType.U8"/> view.</summary>
    public Tensor Bytes(long offset, long length) => Tensor(offset, DType.U8, new Shape(length));

    private void CheckRange(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(start == null && Length > 0, this);
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{Path}: bytes {offset} + {length} are not inside its {Length} bytes");
    }

    public void Dispose()
    {
        if (start != null) view!.SafeMemoryMappedViewHandle.ReleasePointer();
        start = null;
        view?.Dispose();
        file?.Dispose();
    }
}
