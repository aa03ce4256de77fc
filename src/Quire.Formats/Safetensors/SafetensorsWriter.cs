using System.Buffers.Binary;
using System.Text.Json;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>A tensor to be written.</summary>
/// <param name="Type">Safetensors' name of the element type: <c>BF16</c>.</param>
/// <param name="Bytes">Exactly what <paramref name="Write"/> writes.</param>
public sealed record SafetensorsPart(string Name, string Type, Shape Shape, long Bytes, Action<Stream> Write);

/// <summary>Writes a safetensors file, tensor by tensor.</summary>
public static class SafetensorsWriter
{
    /// <exception cref="InvalidDataException">A part wrote another number of bytes than it said.</exception>
    public static void Write(string path, IReadOnlyList<SafetensorsPart> parts)
    {
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            long offset = 0;
            foreach (SafetensorsPart part in parts)
            {
                json.WriteStartObject(part.Name);
                json.WriteString("dtype", part.Type);
                json.WriteStartArray("shape");
                for (int i = 0; i < part.Shape.Rank; i++) json.WriteNumberValue(part.Shape[i]);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += part.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Tensors begin at a multiple of 8.
        while (header.Length % 8 != 0) header.WriteByte((byte)' ');

        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        file.Write(length);
        header.WriteTo(file);
        foreach (SafetensorsPart part in parts)
        {
            long start = file.Position;
            part.Write(file);
            if (file.Position - start != part.Bytes) throw new InvalidDataException($"{part.Name}: {file.Position - start} bytes were written, not {part.Bytes}");
        }
    }
}
