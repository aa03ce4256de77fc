using Quire.Formats;
using Quire.Golden;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>Whatever a GGUF file's keys hold, a model loads or the error is one of the file.</summary>
[Trait("golden", "families")]
public sealed class GgufBrokenKeysTests
{
    private const uint UInt32 = 4, Float32 = 6, Bool = 7, Text = 8, Array = 9, Float64 = 12;

    public static IEnumerable<TheoryDataRow<string>> Names => FamilyFolders.Of(_ => true).Where(row => row.Data.Length == 0 || GgufFamilyTests.IsMapped(row.Data));

    [Theory, MemberData(nameof(Names))]
    public void A_broken_key_is_an_error_of_the_file(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/families here");
        using Checkpoint origin = Checkpoint.Open(FamilyFolders.Path(name));
        if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
        using var pool = new ComputePool(1);
        var device = new CpuDevice(KernelSet.Default, pool, DType.F32, CpuActivations.F32);
        string path = Path.GetTempFileName();
        try
        {
            byte[] valid = GgufCopy.Build(origin);
            Load(valid);
            int refused = 0;
            foreach ((string change, byte[] broken) in Broken(valid))
            {
                try
                {
                    Load(broken);
                }
                catch (QuireException)
                {
                    refused++;
                }
                catch (Exception e)
                {
                    Assert.Fail($"{change}: {e}");
                }
            }
            Assert.NotEqual(0, refused);
        }
        finally
        {
            File.Delete(path);
        }

        void Load(byte[] bytes)
        {
            File.WriteAllBytes(path, bytes);
            using Checkpoint checkpoint = Checkpoint.Open(path);
            ModelSpec spec = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
            TransformerModel.Load(checkpoint, spec, device, 16).Dispose();
        }
    }

    // Every key but the tokenizer's: other numbers, other types, another name.
    private static IEnumerable<(string Change, byte[] Bytes)> Broken(byte[] valid)
    {
        var header = new GgufHeader(valid);
        foreach (string key in header.Keys.Where(key => !key.StartsWith("tokenizer.", StringComparison.Ordinal)))
        {
            uint type = header.Type(key);
            yield return ($"{key} is missing", Renamed(key));
            yield return ($"{key} of another type", header.With(key, type == UInt32 ? Float32 : UInt32, new byte[4]));
            if (type != Text) yield return ($"{key} is a text", header.With(key, Text, BitConverter.GetBytes(1L), "1"u8.ToArray()));
            foreach (double number in (double[])[header.Type(key) is UInt32 or Float32 ? header.Number(key) : 1, 0.5, 1e300, double.NaN])
                yield return ($"{key} is {number} as F64", header.With(key, Float64, BitConverter.GetBytes(number)));
            if (type == UInt32)
                foreach (uint number in (uint[])[0, 1, 2, 3, 7, 1000003, int.MaxValue, int.MaxValue + 1u, uint.MaxValue]) yield return ($"{key} is {number}", header.With(key, UInt32, BitConverter.GetBytes(number)));
            if (type == Float32)
                foreach (float number in (float[])[0, -1, 1e-30f, float.MaxValue, float.NaN, float.PositiveInfinity]) yield return ($"{key} is {number}", header.With(key, Float32, BitConverter.GetBytes(number)));
            (uint elements, long count) = type == Array ? header.Elements(key) : (type, 3);
            foreach ((uint other, int size) in ((uint, int)[])[(UInt32, 4), (Bool, 1), (Text, 8), (Float64, 8)])
                if (other != elements) yield return ($"{key} is {count} elements of type {other}", header.With(key, Array, BitConverter.GetBytes(other), BitConverter.GetBytes(count), new byte[count * size]));
            if (type != Array) continue;
            yield return ($"{key} has one element", header.With(key, Array, BitConverter.GetBytes(UInt32), BitConverter.GetBytes(1L), new byte[4]));
            yield return ($"{key} has no elements", header.With(key, Array, BitConverter.GetBytes(elements), BitConverter.GetBytes(0L)));
            yield return ($"{key} is an array of arrays", header.With(key, Array, BitConverter.GetBytes(Array), BitConverter.GetBytes(1L), BitConverter.GetBytes(UInt32), BitConverter.GetBytes(1L), new byte[4]));
        }

        byte[] Renamed(string key)
        {
            byte[] bytes = [.. valid];
            bytes[header.Value(key) - key.Length] = (byte)'X';
            return bytes;
        }
    }
}
