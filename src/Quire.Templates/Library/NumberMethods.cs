using System.Numerics;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>The attributes of int and float that make sense in a template.</summary>
internal static class NumberMethods
{
    public static Value? Find(NumberValue self, string name)
    {
        Value Method(Func<Value> body) => new NativeFunction(name, Signature.None, (_, _) => body());
        return (self, name) switch
        {
            (IntValue i, "real" or "numerator") => IntValue.Of(i.Number),
            (IntValue, "imag") => IntValue.Of(0),
            (IntValue, "denominator") => IntValue.Of(1),
            (IntValue i, "conjugate") => Method(() => IntValue.Of(i.Number)),
            (IntValue i, "bit_length") => Method(() => IntValue.Of((BigInteger)BigInteger.Abs(i.Number).GetBitLength())),
            (IntValue i, "bit_count") => Method(() => IntValue.Of(BigInteger.Abs(i.Number).ToByteArray().Sum(b => BitOperations.PopCount(b)))),
            (FloatValue, "real") => self,
            (FloatValue, "imag") => Value.Of(0.0),
            (FloatValue, "conjugate") => Method(() => self),
            (FloatValue f, "is_integer") => Method(() => Value.Of(double.IsInteger(f.Number))),
            _ => null,
        };
    }
}
