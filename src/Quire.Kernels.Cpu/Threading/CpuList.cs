using System.Globalization;

namespace Quire.Kernels.Cpu.Threading;

/// <summary>CPU numbers as Linux writes them: 0-3,8,10-11.</summary>
public static class CpuList
{
    private const int Most = 8192;

    /// <returns>False if the text is no such list; an empty text is the empty list.</returns>
    public static bool TryParse(string text, out int[] cpus)
    {
        var found = new SortedSet<int>();
        cpus = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !TryNumber(ends[0], out int first) || !TryNumber(ends[^1], out int last) || last < first) return false;
            for (int cpu = first; cpu <= last; cpu++) found.Add(cpu);
        }
        cpus = [.. found];
        return true;
    }

    /// <summary>The shortest list of increasing <paramref name="cpus"/>.</summary>
    public static string Format(IEnumerable<int> cpus)
    {
        List<(int First, int Last)> runs = [];
        foreach (int cpu in cpus.Order())
        {
            if (runs.Count > 0 && runs[^1].Last == cpu - 1) runs[^1] = (runs[^1].First, cpu);
            else runs.Add((cpu, cpu));
        }
        return string.Join(",", runs.Select(run => run.First == run.Last ? $"{run.First}" : $"{run.First}-{run.Last}"));
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < Most;
}
