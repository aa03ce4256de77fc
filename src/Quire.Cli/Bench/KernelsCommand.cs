using System.CommandLine;
using System.Globalization;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Measurement;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Cli;

/// <summary>quire bench kernels: each product as a share of its limit.</summary>
internal static class KernelsCommand
{
    public static Command Create()
    {
        Option<int> threads = LimitsCommand.Threads();
        var outputs = new Option<int>("--outputs") { Description = "Output features of the weight.", DefaultValueFactory = _ => 4864 };
        var inputs = new Option<int>("--inputs") { Description = "Input features, a multiple of 32; the K formats are measured where it is one of 256.", DefaultValueFactory = _ => 896 };
        var rows = new Option<int[]>("--rows") { Description = "Rows of activations.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 4, 8, 32, 128, 512] };
        var svg = new Option<string?>("--svg") { Description = "File for a roofline picture." };
        var command = new Command("kernels", "Matrix products by weight format and number of rows, each as a share of what the machine allows.");
        foreach (Option option in (Option[])[threads, outputs, inputs, rows, svg]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(inputs) % 32 != 0) throw new QuireException(ErrorKind.InvalidRequest, $"--inputs must be a multiple of 32, got {parsed.GetValue(inputs)}.", param: "inputs");
            BenchArguments.Positive("--inputs", parsed.GetValue(inputs));
            BenchArguments.Positive("--outputs", parsed.GetValue(outputs));
            BenchArguments.Positive("--rows", parsed.GetValue(rows)!);
            MachineLimits limits = MachineLimits.Measure(BenchArguments.Positive("--threads", parsed.GetValue(threads)));
            LimitsCommand.Print(limits);
            using var pool = new ComputePool(limits.Threads);
            Console.WriteLine($"{KernelSet.Default.Name} kernels, weights {parsed.GetValue(outputs)} x {parsed.GetValue(inputs)}");
            Console.WriteLine("weights x activations   rows      us    GOP/s  limit GOP/s  share");
            List<ProductTiming> all = [];
            foreach (RandomProduct product in RandomProduct.All)
            {
                if (parsed.GetValue(inputs) % RandomRows.BlockInputs(product.Format) != 0) continue;
                foreach (ProductTiming timing in ProductTiming.Measure(limits, KernelSet.Default, pool, product, parsed.GetValue(outputs), parsed.GetValue(inputs), parsed.GetValue(rows)!))
                {
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{timing.Name,-22} {timing.Rows,5} {timing.Seconds * 1e6,7:0} {timing.Rate / 1e9,8:0} {timing.Limit / 1e9,12:0} {timing.Rate / timing.Limit,6:0.00}"));
                    all.Add(timing);
                }
            }
            if (parsed.GetValue(svg) is { } file) File.WriteAllText(file, Roofline.Draw(limits, all));
            return 0;
        });
        return command;
    }
}
