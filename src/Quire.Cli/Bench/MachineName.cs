namespace Quire.Cli;

/// <summary>The processor in its maker's words.</summary>
internal static class MachineName
{
    public static string Cpu { get; } = Read();

    private static string Read()
    {
        const string info = "/proc/cpuinfo";
        string? line = File.Exists(info) ? File.ReadLines(info).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(": ")[^1] ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown CPU";
    }
}
