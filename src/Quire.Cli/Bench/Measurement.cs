using System.Diagnostics;

namespace Quire.Cli;

/// <summary>All prompts through a number of clients, as one line of a table.</summary>
internal static class Measurement
{
    public static async Task<string> Run(CompletionsClient client, string[] prompts, int clients, int tokens, string[]? alone, CancellationToken cancellation)
    {
        int count = Math.Max(prompts.Length, clients), next = -1;
        string salt = Guid.NewGuid().ToString("n");
        var answers = new CompletionsClient.Answer[count];
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;) answers[i] = await client.Complete(prompts[i % prompts.Length], tokens, salt, cancellation);
        }, cancellation)));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double[] first = [.. answers.Select(a => a.FirstToken).Order()], gaps = [.. answers.SelectMany(a => a.Gaps).Order()];
        string equal = alone is null ? "-" : $"{answers.Where((answer, i) => answer.Text == alone[i % alone.Length]).Count()} of {count}";
        return $"{clients,7}  {count,8}  {answers.Sum(a => a.Tokens) / seconds,12:0.0}  {Percentile(first, 0.5),8:0} / {Percentile(first, 0.99),-6:0}  {Percentile(gaps, 0.5),8:0.0} / {Percentile(gaps, 0.99),-6:0.0}  {equal}";
    }

    private static double Percentile(double[] sorted, double share) => sorted.Length == 0 ? 0 : 1000 * sorted[(int)Math.Min(sorted.Length - 1, share * sorted.Length)];
}
