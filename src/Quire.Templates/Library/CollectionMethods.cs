using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>The methods of list, tuple and dict that only read; the sandbox withholds the others.</summary>
internal static class CollectionMethods
{
    private static readonly Signature one = new("value");
    private static readonly Signature find = new("value, start=, stop=");
    private static readonly Signature get = new("key, default=");

    public static Value? Find(SequenceValue self, string name) => name switch
    {
        "count" => new NativeFunction(name, one, (run, a) => Value.Of(self.Elements.Count(item => Operators.AreEqual(run, item, a[0]!)))),
        "index" => new NativeFunction(name, find, (run, a) => Index(run, self, a)),
        "copy" when self is ListValue => new NativeFunction(name, Signature.None, (_, _) => self),
        _ => null,
    };

    private static Value Index(Run run, SequenceValue self, Value?[] a)
    {
        int length = self.Elements.Length;
        int start = StringMethods.Count(a[1], 0);
        int stop = Math.Min(StringMethods.Count(a[2], length), length);
        if (start < 0) start = Math.Max(0, start + length);
        if (stop < 0) stop += length;
        for (int i = start; i < stop; i++)
            if (Operators.AreEqual(run, self.Elements[i], a[0]!)) return Value.Of(i);
        throw Errors.Runtime($"{Python.PyRepr.Of(run, a[0]!)} is not in {self.TypeName}");
    }

    public static Value? Find(DictValue self, string name) => name switch
    {
        "get" => new NativeFunction(name, get, (_, a) => self.Contains(a[0]!) ? self.Item(a[0]!)! : a[1] ?? NoneValue.Instance),
        "keys" => new NativeFunction(name, Signature.None, (_, _) => new DictViewValue(self, DictViewKind.Keys)),
        "values" => new NativeFunction(name, Signature.None, (_, _) => new DictViewValue(self, DictViewKind.Values)),
        "items" => new NativeFunction(name, Signature.None, (_, _) => new DictViewValue(self, DictViewKind.Items)),
        "copy" => new NativeFunction(name, Signature.None, (_, _) => self),
        "fromkeys" => Globals.FromKeys,
        _ => null,
    };
}
