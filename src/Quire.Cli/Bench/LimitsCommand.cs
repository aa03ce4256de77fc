using System.CommandLine;
using System.Globalization;
using Quire.Kernels.Cpu.Measurement;

namespace Quire.Cli;

/// <summary>quire bench limits: what this machine can do at most.</summary>
internal static class LimitsCommand
{
    public static Option<int> Threads() => new("--threads") { Description = "Threads, all at once.", DefaultValueFactory = _ => Environment.ProcessorCount };

    public static Command Create()
    {
        Option<int> threads = Threads();
        var command = new Command("limits", "The machine's peaks: multiplications by kind, and reads from memory by number of threads.");
        command.Options.Add(threads);
        command.SetAction(parsed =>
        {
            Print(MachineLimits.Measure(BenchArguments.Positive("--threads", parsed.GetValue(threads))));
            return 0;
        });
        return command;
    }

    public static void Print(MachineLimits limits)
    {
        Console.WriteLine(Environment.ProcessorCount == limits.Threads ? $"{MachineName.Cpu}, {limits.Threads} threads" : $"{MachineName.Cpu}, {limits.Threads} of {Environment.ProcessorCount} threads");
        Line("f32 multiply-add", limits.Fma, "GFLOP/s");
        Line("bf16 dot", limits.Bf16, "GFLOP/s");
        Line("bf16 tiles", limits.Bf16Tiles, "GFLOP/s");
        foreach (Int8Peak peak in limits.Int8) Line("int8 dot", peak.Rate, $"GOP/s ({peak.Name})");
        foreach ((int count, double bytes) in limits.ReadBandwidth) Line($"read, {count} thread{(count == 1 ? "" : "s")}", bytes, "GB/s");
    }

    private static void Line(string name, double perSecond, string unit) =>
        Console.WriteLine(perSecond == 0 ? $"{name,-18}        -" : string.Create(CultureInfo.InvariantCulture, $"{name,-18} {perSecond / 1e9,8:0.0} {unit}"));
}
