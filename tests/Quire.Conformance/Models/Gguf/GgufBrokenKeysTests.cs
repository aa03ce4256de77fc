using System.Text;
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
    private const uint UInt32 = 4, Float32 = 6, Array = 9;

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

    // Every key but the tokenizer's: other numbers, another type, another name.
    private static IEnumerable<(string Change, byte[] Bytes)> Broken(byte[] valid)
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, valid);
        (string Key, GgufValueType Type)[] keys;
        using (GgufFile file = GgufFile.Open(path)) keys = [.. file.Metadata.Keys.Where(key => !key.StartsWith("tokenizer.", StringComparison.Ordinal)).Select(key => (key, file.Metadata.TryGet(key, out GgufValue? value) ? value.Type : default))];
        File.Delete(path);
        foreach ((string key, GgufValueType type) in keys)
        {
            int at = valid.AsSpan().IndexOf([.. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(key)), .. Encoding.UTF8.GetBytes(key)]) + 8;
            int value = at + Encoding.UTF8.GetByteCount(key);
            yield return ($"{key} is missing", With(at, [(byte)'X']));
            yield return ($"{key} of another type", With(value, BitConverter.GetBytes((uint)type == UInt32 ? Float32 : UInt32)));
            if ((uint)type == UInt32)
                foreach (uint number in (uint[])[0, 1, 2, 3, 7, 1000003, int.MaxValue, int.MaxValue + 1u, uint.MaxValue]) yield return ($"{key} is {number}", With(value + 4, BitConverter.GetBytes(number)));
            if ((uint)type == Float32)
                foreach (float number in (float[])[0, -1, 1e-30f, float.MaxValue, float.NaN, float.PositiveInfinity]) yield return ($"{key} is {number}", With(value + 4, BitConverter.GetBytes(number)));
            if ((uint)type == Array) yield return ($"{key} has one element of another type", With(value + 4, BitConverter.GetBytes(UInt32), BitConverter.GetBytes(1L)));
        }

        byte[] With(int at, params byte[][] changed)
        {
            byte[] bytes = [.. valid];
            changed.SelectMany(part => part).ToArray().CopyTo(bytes, at);
            return bytes;
        }
    }
}
