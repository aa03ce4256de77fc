using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>A generator: items are computed when asked for, once.</summary>
internal sealed class IteratorValue(IEnumerable<Value> source, string typeName = "generator") : Value
{
    private IEnumerator<Value>? rest;

    public override string TypeName => typeName;

    public override IEnumerable<Value> Items(Run run)
    {
        rest ??= source.GetEnumerator();
        while (Advance(run, rest))
        {
            run.Charge(1);
            yield return rest.Current;
        }
    }

    // A generator over a generator over ... is a chain of calls as long as a template cares to make it.
    private static bool Advance(Run run, IEnumerator<Value> items)
    {
        run.EnterGenerator();
        try
        {
            return items.MoveNext();
        }
        finally
        {
            run.LeaveGenerator();
        }
    }

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Python's bytes: what <c>encode</c> gives; templates can print them.</summary>
internal sealed class BytesValue(byte[] bytes) : Value
{
    public override string TypeName => "bytes";

    public override bool IsTrue => bytes.Length > 0;

    public override int? Length => bytes.Length;

    public override long Weight => 1 + bytes.Length / 64;

    public override IEnumerable<Value> Items(Run run) => bytes.Select(b => Of(b));

    public override Value? Item(Value key) => key is IntValue index && Sequences.Index(index, bytes.Length) is { } at ? Of(bytes[at]) : null;

    public override Value? Attribute(string name) => name == "decode"
        ? new NativeFunction("decode", new Signature("encoding=, errors="), (_, _) => Of(System.Text.Encoding.UTF8.GetString(bytes)))
        : null;

    public override void Repr(ReprWriter writer)
    {
        char quote = bytes.Contains((byte)'\'') && !bytes.Contains((byte)'"') ? '"' : '\'';
        writer.Raw("b" + quote);
        foreach (byte b in bytes)
            writer.Raw(b switch
            {
                (byte)'\n' => "\\n",
                (byte)'\r' => "\\r",
                (byte)'\t' => "\\t",
                (byte)'\\' => "\\\\",
                _ when b == quote => "\\" + quote,
                >= 0x20 and < 0x7F => ((char)b).ToString(),
                _ => $"\\x{b:x2}",
            });
        writer.Raw(quote.ToString());
    }

    public override bool Equals(object? obj) => obj is BytesValue other && bytes.AsSpan().SequenceEqual(other.Content);

    private byte[] Content => bytes;

    public override int GetHashCode() => bytes.Length;
}
