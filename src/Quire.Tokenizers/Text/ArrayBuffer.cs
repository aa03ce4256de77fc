namespace Quire.Tokenizers;

/// <summary>Bytes that grow at the end.</summary>
internal sealed class ArrayBuffer
{
    private byte[] bytes = new byte[256];
    private int count;

    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, count);

    public void Append(ReadOnlySpan<byte> more)
    {
        if (count + more.Length > bytes.Length) Array.Resize(ref bytes, Math.Max(2 * bytes.Length, count + more.Length));
        more.CopyTo(bytes.AsSpan(count));
        count += more.Length;
    }
}
