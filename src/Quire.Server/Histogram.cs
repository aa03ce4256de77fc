using System.Globalization;
using System.Text;

namespace Quire.Server;

/// <summary>A Prometheus histogram with fixed bounds; thread-safe.</summary>
internal sealed class Histogram(string name, string help, params double[] bounds)
{
    public static readonly double[] Tokens = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
    public static readonly double[] FirstToken = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];
    public static readonly double[] BetweenTokens = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
    public static readonly double[] Latency = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    private readonly object gate = new();
    private readonly long[] counts = new long[bounds.Length + 1];
    private double sum;

    public void Observe(double value)
    {
        int bucket = Array.FindIndex(bounds, bound => value <= bound);
        lock (gate)
        {
            counts[bucket < 0 ? bounds.Length : bucket]++;
            sum += value;
        }
    }

    public void Write(StringBuilder text, string labels)
    {
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(" histogram\n");
        lock (gate)
        {
            long total = 0;
            for (int i = 0; i <= bounds.Length; i++)
            {
                total += counts[i];
                string bound = i == bounds.Length ? "+Inf" : PrometheusNumber.Text(bounds[i]);
                text.Append(name).Append("_bucket{").Append(labels).Append(",le=\"").Append(bound).Append("\"} ").Append(PrometheusNumber.Text(total)).Append('\n');
            }
            text.Append(name).Append("_count{").Append(labels).Append("} ").Append(PrometheusNumber.Text(total)).Append('\n');
            text.Append(name).Append("_sum{").Append(labels).Append("} ").Append(PrometheusNumber.Text(sum)).Append('\n');
        }
    }
}

/// <summary>Numbers as Prometheus' Python client prints them: 1.0, 0.025.</summary>
internal static class PrometheusNumber
{
    public static string Text(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) || text.Contains('E', StringComparison.Ordinal) ? text : text + ".0";
    }
}
