using System.Text.Json;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Formats;

/// <summary>A published GGUF file: metadata and check sums of every tensor's values.</summary>
[Trait("golden", "smollm2")]
public sealed class RealGgufTests
{
    [Fact]
    public void Metadata_equals_the_reference()
    {
        using GgufFile file = Open();
        using JsonDocument golden = ReadGolden("gguf-metadata.json");
        JsonElement expected = golden.RootElement;
        Assert.Equal(expected.GetProperty("version").GetUInt32(), file.Version);
        Assert.Equal(expected.GetProperty("alignment").GetInt32(), file.Alignment);
        Assert.Equal(expected.GetProperty("data_offset").GetInt64(), file.DataOffset);
        JsonElement types = expected.GetProperty("types");
        int compared = 0;
        foreach (JsonProperty pair in expected.GetProperty("metadata").EnumerateObject())
        {
            // The header's own fields, listed under names that are no keys.
            if (pair.Name.StartsWith("GGUF.", StringComparison.Ordinal)) continue;
            Assert.True(file.Metadata.TryGet(pair.Name, out GgufValue? value), pair.Name);
            Assert.Equal(types.GetProperty(pair.Name)[0].GetString(), value.Type.ToString(), ignoreCase: true);
            AssertValue(pair.Value, value);
            compared++;
        }

        Assert.Equal(compared, file.Metadata.Keys.Count);
        Assert.Equal(expected.GetProperty("metadata").GetProperty("GGUF.tensor_count").GetInt32(), file.Tensors.Count);
    }

    [Fact]
    public void Tensors_equal_the_reference()
    {
        using GgufFile file = Open();
        using JsonDocument golden = ReadGolden("gguf-tensors.json");
        foreach (JsonElement expected in golden.RootElement.EnumerateArray())
        {
            GgufTensor tensor = file.Tensors[expected.GetProperty("name").GetString()!];
            Assert.Equal(expected.GetProperty("ne").EnumerateArray().Select(dimension => dimension.GetInt64()), tensor.Dimensions);
            Assert.Equal(expected.GetProperty("type").GetString(), tensor.Type.ToString());
            Assert.Equal(expected.GetProperty("offset").GetInt64(), tensor.RelativeOffset);
            Assert.Equal(expected.GetProperty("bytes").GetInt64(), tensor.ByteCount);
            AssertSums(expected, new CheckpointTensor(tensor));
        }

        Assert.Equal(golden.RootElement.GetArrayLength(), file.Tensors.Count);
    }

    [Fact]
    public void The_vocabulary_has_as_many_entries_as_the_metadata_says()
    {
        using GgufFile file = Open();
        using JsonDocument golden = ReadGolden("gguf-metadata.json");
        JsonElement metadata = golden.RootElement.GetProperty("metadata");
        GgufVocabularyData vocabulary = GgufVocabularyData.Read(file)!;
        Assert.Equal(metadata.GetProperty("tokenizer.ggml.model").GetString(), vocabulary.Model);
        Assert.Equal(metadata.GetProperty("tokenizer.ggml.tokens").GetProperty("array_length").GetInt32(), vocabulary.Tokens.Length);
        Assert.Equal(metadata.GetProperty("tokenizer.ggml.merges").GetProperty("array_length").GetInt32(), vocabulary.Merges!.Length);
        Assert.Equal(metadata.GetProperty("tokenizer.chat_template").GetString(), TokenizerConfig.FromGguf(file).ChatTemplate);
    }

    private static void AssertSums(JsonElement expected, CheckpointTensor tensor)
    {
        double sum = 0, absolute = 0;
        var row = new float[tensor.Shape.Columns];
        for (long i = 0; i < tensor.Shape.Rows; i++)
        {
            tensor.ReadRows(i, 1, row);
            if (i == 0) Assert.Equal(expected.GetProperty("first4").EnumerateArray().Select(value => value.GetSingle()), row[..4]);
            foreach (float value in row)
            {
                sum += value;
                absolute += Math.Abs(value);
            }
        }

        // Printed with 4 decimals; n additions in double err by at most n 2^-53 times the sum of magnitudes, on either side.
        double tolerance = 0.5e-4 + (2 * tensor.Shape.Count * Math.Pow(2, -53) * absolute);
        Assert.InRange(sum - expected.GetProperty("sum").GetDouble(), -tolerance, tolerance);
        Assert.InRange(absolute - expected.GetProperty("abs_sum").GetDouble(), -tolerance, tolerance);
    }

    private static void AssertValue(JsonElement expected, GgufValue actual)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.String:
                Assert.Equal(expected.GetString(), actual.AsString());
                break;
            case JsonValueKind.Number:
                Assert.Equal(expected.GetDouble(), actual.AsNumber());
                break;
            case JsonValueKind.Object:
                // A long array: its length and both ends.
                JsonElement[] first = [.. expected.GetProperty("first").EnumerateArray()], last = [.. expected.GetProperty("last").EnumerateArray()];
                string[] elements = Elements(actual.AsArray());
                Assert.Equal(expected.GetProperty("array_length").GetInt32(), elements.Length);
                Assert.Equal(first.Select(item => item.ToString()), elements[..first.Length]);
                Assert.Equal(last.Select(item => item.ToString()), elements[^last.Length..]);
                break;
            case JsonValueKind.Array:
                Assert.Equal(expected.EnumerateArray().Select(item => item.ToString()), Elements(actual.AsArray()));
                break;
            default:
                Assert.Equal(expected.GetBoolean(), actual.AsBool());
                break;
        }
    }

    private static string[] Elements(GgufArray array) =>
        array.ElementType == GgufValueType.String ? array.ToStrings() : [.. array.ToNumbers().Select(number => number.ToString("R"))];

    private static GgufFile Open()
    {
        string folder = Path.Combine(GoldenFolder.Models, "smollm2");
        string? path = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.gguf").FirstOrDefault() : null;
        Assert.SkipWhen(path is null, $"no GGUF file in {folder}");
        return GgufFile.Open(path);
    }

    private static JsonDocument ReadGolden(string name)
    {
        string? folder = GoldenFolder.Find("smollm2");
        Assert.SkipWhen(folder is null, $"no smollm2 in {GoldenFolder.Root}");
        return GoldenFolder.ReadJson(Path.Combine(folder, name));
    }
}
