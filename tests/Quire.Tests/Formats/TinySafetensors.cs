using System.Buffers.Binary;
using System.Text;

namespace Quire.Tests.Formats;

/// <summary>Builds safetensors files, well-formed unless the caller's header says otherwise.</summary>
internal static class TinySafetensors
{
    public static byte[] Raw(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        data.CopyTo(file, 8 + json.Length);
        return file;
    }

    public static byte[] With(params (string Name, string Type, long[] Shape, byte[] Data)[] tensors)
    {
        var entries = new List<string> { "\"__metadata__\":{\"format\":\"pt\"}" };
        var data = new List<byte>();
        foreach ((string name, string type, long[] shape, byte[] bytes) in tensors)
        {
            entries.Add($"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(",", shape)}],\"data_offsets\":[{data.Count},{data.Count + bytes.Length}]}}");
            data.AddRange(bytes);
        }

        return Raw("{" + string.Join(",", entries) + "}", [.. data]);
    }
}
