using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Linear;

namespace Quire.Kernels.Cpu.Measurement;

/// <summary>What this machine can do at most, measured: kernels are judged as shares of it.</summary>
/// <param name="Threads">Threads that the peaks were measured with, all at once.</param>
/// <param name="Fma">f32 multiply-adds, two operations each, per second.</param>
/// <param name="Bf16">bf16 products summed in f32, operations per second; 0 without such an instruction.</param>
/// <param name="Int8">int8 products summed in int32, by each kind of instructions that it has, the slowest first.</param>
/// <param name="Bf16Tiles">bf16 products in tile registers, operations per second; 0 without them.</param>
/// <param name="ReadBandwidth">Bytes read from memory per second with 1, 2, ... threads, the last entry with all.</param>
public sealed record MachineLimits(int Threads, double Fma, double Bf16, IReadOnlyList<Int8Peak> Int8, double Bf16Tiles, IReadOnlyList<(int Threads, double BytesPerSecond)> ReadBandwidth)
{
    private const int Runs = 7;

    /// <summary>Bytes per second with all threads.</summary>
    public double Bandwidth => ReadBandwidth[^1].BytesPerSecond;

    /// <summary>The fastest way to multiply 16-bit activations that a kernel set has.</summary>
    public double Float16(KernelSet kernels) => kernels.HasTileRegisters ? Bf16Tiles : Math.Max(Fma, Bf16);

    /// <summary>The fastest way to multiply int8 that a kernel set has; where it has no instructions for it, the fastest way to multiply f32.</summary>
    public double Integer(KernelSet kernels) => Int8.FirstOrDefault(peak => peak.Instructions == kernels.Int8)?.Rate ?? Fma;

    /// <summary>Takes about three seconds. Best of several runs each: other work on the machine only lowers a run.</summary>
    public static MachineLimits Measure(int threads)
    {
        double fma, bf16 = 0, bf16Tiles = 0;
        List<Int8Peak> int8 = [];
        if (CpuFeatures.CanEmit && Avx512F.IsSupported) fma = Emitted(PeakLoops.Fma512(), 32, threads);
        else fma = Loop(IntrinsicPeaks.Fma, threads);
        if (CpuFeatures.CanEmit && CpuFeatures.Avx512Bf16) bf16 = Emitted(PeakLoops.Bf16Dot512(), 64, threads);
        if (Avx2.IsSupported) int8.Add(new(Int8Instructions.MultiplyAdd, "vpmaddubsw + vpmaddwd + vpaddd, 256 bits", Loop(IntrinsicPeaks.MultiplyAdd, threads)));
        if (AvxVnni.IsSupported) int8.Add(new(Int8Instructions.Vnni256, "vpdpbusd, 256 bits", Loop(IntrinsicPeaks.Vnni256, threads)));
        if (CpuFeatures.CanEmit && CpuFeatures.Avx512Vnni) int8.Add(new(Int8Instructions.Vnni512, "vpdpbusd, 512 bits", Emitted(PeakLoops.Int8Dot512(), 128, threads)));
        if (CpuFeatures.Amx)
        {
            bf16Tiles = Tiled(PeakLoops.Bf16Tiles(), sizeof(ushort), threads);
            int8.Add(new(Int8Instructions.Tiles, "tdpbssd, tiles", Tiled(PeakLoops.Int8Tiles(), sizeof(byte), threads)));
        }
        var bandwidth = new List<(int, double)>();
        for (int count = 1; count < threads; count *= 2) bandwidth.Add((count, MemoryReads.Measure(count, Runs)));
        bandwidth.Add((threads, MemoryReads.Measure(threads, Runs)));
        return new MachineLimits(threads, fma, bf16, int8, bf16Tiles, bandwidth);
    }

    private static unsafe double Emitted(EmittedCode code, int operations, int threads)
    {
        nint address = code.Address;
        return Loop(iterations =>
        {
            ((delegate* unmanaged<long*, void>)address)(&iterations);
            return PeakLoops.Operations(iterations, operations);
        }, threads);
    }

    private static unsafe double Tiled(EmittedCode code, int elementBytes, int threads)
    {
        nint address = code.Address;
        return Loop(iterations =>
        {
            AmxTiles.ConfigureWhole();
            ((delegate* unmanaged<long*, void>)address)(&iterations);
            AmxTiles.Release();
            return PeakLoops.TileOperations(iterations, elementBytes);
        }, threads);
    }

    // All threads at once, best run.
    private static double Loop(Func<long, long> run, int threads)
    {
        const long iterations = 2_000_000;
        double best = 0;
        for (int i = 0; i < Runs; i++)
        {
            // From the first start to the last end, by the threads' own clocks: the one that started them may be kept waiting.
            long operations = 0, start = long.MaxValue, end = 0;
            using var ready = new Barrier(threads);
            var gate = new Lock();
            Thread[] all = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() =>
            {
                ready.SignalAndWait();
                long from = Stopwatch.GetTimestamp();
                long done = run(iterations);
                long to = Stopwatch.GetTimestamp();
                lock (gate) (operations, start, end) = (operations + done, Math.Min(start, from), Math.Max(end, to));
            }))];
            foreach (Thread thread in all) thread.Start();
            foreach (Thread thread in all) thread.Join();
            best = Math.Max(best, operations / Stopwatch.GetElapsedTime(start, end).TotalSeconds);
        }
        return best;
    }
}

/// <summary>What one kind of instructions does at most.</summary>
/// <param name="Name">The instructions and their width, as they are written.</param>
/// <param name="Rate">Multiplications and additions per second.</param>
public sealed record Int8Peak(Int8Instructions Instructions, string Name, double Rate);
