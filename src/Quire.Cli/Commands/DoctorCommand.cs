using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu;
using Spectre.Console;

namespace Quire.Cli;

/// <summary>quire doctor: what this machine can do, and what a model would take of it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var flags = new ModelFlags();
        var command = new Command("doctor", "Show CPU features, kernels, and the memory plan of a model.");
        flags.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            Machine();
            if (flags.Model(parsed) is { } model)
            {
                await using QuireEngine engine = await QuireEngine.LoadAsync(model, flags.Options(parsed));
                Console.WriteLine();
                Console.WriteLine($"model      {engine.Path}");
                Console.WriteLine($"device     {engine.Device}, weights {engine.Quantization ?? engine.WeightType.ToString()}, activations {engine.Activations}, keys and values {engine.KvType}");
                Console.WriteLine(engine.Memory.Describe());
            }
            return 0;
        });
        return command;
    }

    private static void Machine()
    {
        Table table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        table.AddRow("system", Markup.Escape($"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"));
        table.AddRow("runtime", RuntimeInformation.FrameworkDescription);
        table.AddRow("processors", Environment.ProcessorCount.ToString());
        table.AddRow("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):0.0} GiB");
        table.AddRow("features", string.Join(", ", Features()));
        table.AddRow("kernel sets", string.Join(", ", KernelSet.Available.Select(set => set.Name)));
        table.AddRow("chosen", KernelSet.Default.Name + (Environment.GetEnvironmentVariable("QUIRE_CPU_ISA") is { Length: > 0 } ? " (QUIRE_CPU_ISA)" : ""));
        AnsiConsole.Write(table);
    }

    private static IEnumerable<string> Features()
    {
        if (Avx2.IsSupported) yield return "AVX2";
        if (Fma.IsSupported) yield return "FMA";
        if (AvxVnni.IsSupported) yield return "AVX-VNNI";
        if (Avx512F.IsSupported) yield return "AVX-512F";
        if (Avx512BW.IsSupported) yield return "AVX-512BW";
        if (Avx512Vbmi.IsSupported) yield return "AVX-512VBMI";
        if (CpuFeatures.Avx512Vnni) yield return "AVX512-VNNI";
        if (CpuFeatures.Avx512Bf16) yield return "AVX512-BF16";
        if (CpuFeatures.Amx) yield return "AMX";
        yield return CpuFeatures.CanEmit ? "emitted code" : "no emitted code";
        if (System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported) yield return "NEON";
    }
}
