using System.Text;

namespace Quire.Tokenizers;

/// <summary>The bytes of all tokens, end to end in one array.</summary>
internal sealed class TokenBytesTable
{
    private readonly byte[] bytes;
    private readonly int[] starts;

    public TokenBytesTable(TokenTexts texts, Decoder? decoder)
    {
        var all = new ArrayBuffer();
        starts = new int[texts.Count + 1];
        for (int id = 0; id < texts.Count; id++)
        {
            if (texts.Find(id) is { } text) all.Append(decoder?.BytesOf(text) ?? Encoding.UTF8.GetBytes(text));
            starts[id + 1] = all.Written.Length;
        }
        bytes = all.Written.ToArray();
    }

    public ReadOnlySpan<byte> Of(int id) => (uint)id < (uint)starts.Length - 1 ? bytes.AsSpan(starts[id], starts[id + 1] - starts[id]) : [];
}
