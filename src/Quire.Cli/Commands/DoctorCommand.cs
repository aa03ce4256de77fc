using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
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
            Machine(flags.Options(parsed).Placement());
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

    private static void Machine(ThreadPlacement placement)
    {
        Table table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        table.AddRow("system", Markup.Escape($"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"));
        table.AddRow("runtime", RuntimeInformation.FrameworkDescription);
        ProcessCpus cpus = ProcessCpus.Current;
        table.AddRow("processors", $"{cpus.Processors}{(cpus.HasQuota ? $", by a quota or DOTNET_PROCESSOR_COUNT, on {cpus.Allowed.Count} CPUs" : "")}");
        if (cpus.Topology.Cpus.Count > 0)
        {
            table.AddRow("CPUs", $"{CpuList.Format(cpus.Topology.Cpus.Select(cpu => cpu.Id))} on {cpus.Topology.Cpus.Select(cpu => cpu.Core).Distinct().Count()} cores{(cpus.AreChosen ? $"; this process may use {CpuList.Format(cpus.Allowed)}" : "")}");
            table.AddRow("NUMA nodes", string.Join("; ", cpus.Topology.Nodes.Select(node => $"{node}: CPUs {CpuList.Format(cpus.Topology.OfNode(node))}")));
        }
        table.AddRow("compute threads", Markup.Escape(placement.Describe()));
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
