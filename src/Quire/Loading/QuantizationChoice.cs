using Quire.Formats;
using Quire.Tensors;

namespace Quire;

/// <summary><c>--quantization</c>: what the checkpoint says, checked, or rounding at load.</summary>
internal static class QuantizationChoice
{
    private static readonly Dictionary<string, RoundedFormat> Roundings = new() { ["fp8"] = RoundedFormat.Fp8, ["int8"] = RoundedFormat.Int8, ["int4"] = RoundedFormat.Int4 };

    // vLLM names the kernel too; the checkpoint is the same.
    private static readonly Dictionary<string, string> Aliases = new()
    {
        ["awq_marlin"] = "awq",
        ["gptq_marlin"] = "gptq",
        ["marlin"] = "gptq",
        ["modelopt_fp4"] = "modelopt",
    };

    /// <param name="asked">The flag's value, or null.</param>
    /// <returns>Null where weights are plain, or blocks of a GGUF file.</returns>
    /// <exception cref="QuireException">The name is unknown, or is not the checkpoint's.</exception>
    public static QuantizationScheme? Of(Checkpoint checkpoint, string? asked)
    {
        QuantizationScheme? own = QuantizationSchemes.Of(checkpoint);
        if (asked is null) return own;
        string name = Aliases.GetValueOrDefault(asked, asked);
        string[] known = [.. QuantizationSchemes.Names.Append("gguf").Concat(Roundings.Keys).Distinct()];
        if (!known.Contains(name))
            throw Wrong($"--quantization {asked} is unknown; {string.Join(", ", known)} are known.");
        string? stored = checkpoint.Config.IsGguf ? "gguf" : own?.Name;
        if (stored is not null)
            return name == stored ? own : throw Wrong($"--quantization {asked} contradicts the checkpoint, which is quantised with {stored}. Leave the flag out, or give {stored}.");
        if (Roundings.TryGetValue(name, out RoundedFormat format)) return new RoundingScheme(format);
        throw Wrong($"--quantization {asked} asks for a checkpoint of that kind; {checkpoint.Path} is not quantised. {string.Join(", ", Roundings.Keys)} round its weights at load.");
    }

    private static QuireException Wrong(string message) => new(ErrorKind.InvalidRequest, message, param: "quantization");
}
