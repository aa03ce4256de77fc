using System.Globalization;
using System.Text;
using Quire.Peers;

// Quire.Peers MODEL.gguf [REPEATS [OUT.md [WORK...]]]: both programs on one file, in turns, two threads each. A WORK is a part of a work's name; without any, all are measured. An OUT.md of - is none.
// Quire.Peers pre-tokenizers OUT.json.gz: test vectors instead.
if (args.Length == 0)
{
    Console.Error.WriteLine("Quire.Peers: name a GGUF file. Quire.Peers MODEL.gguf [REPEATS [OUT.md [WORK...]]], or Quire.Peers pre-tokenizers OUT.json.gz");
    return 2;
}
if (args is ["pre-tokenizers", var vectors])
{
    PreTokenizerVectors.Write(vectors);
    return 0;
}
string path = args[0];
int repeats = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5, threads = Math.Min(2, Environment.ProcessorCount);
var random = new Random(5);
int[] Prompt(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(100, 40_000))];

await using QuirePeer quire = await QuirePeer.Load(path, threads);
await using LlamaPeer llama = LlamaPeer.Load(path, threads);
IPeer[] peers = [quire, llama];
(string Work, Func<IPeer, Task<double>> Measure, Func<double, double> Rate)[] works =
[
    ("prefill 512", peer => peer.Prefill(Prompt(512)), seconds => 512 / seconds),
    ("decode, 1 stream, context 128", peer => peer.DecodeStep([Prompt(128)], 48), seconds => 1 / seconds),
    ("decode, 8 streams, context 128", peer => peer.DecodeStep([.. Enumerable.Range(0, 8).Select(_ => Prompt(128))], 32), seconds => 8 / seconds),
    ("decode, 8 streams, context 512", peer => peer.DecodeStep([.. Enumerable.Range(0, 8).Select(_ => Prompt(512))], 32), seconds => 8 / seconds),
    ("decode, 32 streams, context 512", peer => peer.DecodeStep([.. Enumerable.Range(0, 32).Select(_ => Prompt(512))], 24), seconds => 32 / seconds),
    ("decode, 32 streams, context 128", peer => peer.DecodeStep([.. Enumerable.Range(0, 32).Select(_ => Prompt(128))], 24), seconds => 32 / seconds),
];
if (args.Length > 3) works = [.. works.Where(work => args.Skip(3).Any(part => work.Work.Contains(part, StringComparison.Ordinal)))];
if (works.Length == 0)
{
    Console.Error.WriteLine($"Quire.Peers: no work is called {string.Join(" or ", args.Skip(3))}; examples are \"prefill\", \"8 streams\", \"32 streams, context 128\".");
    return 2;
}
foreach (IPeer peer in peers)
    foreach (var work in works) await work.Measure(peer);

var table = new StringBuilder();
table.AppendLine(CultureInfo.InvariantCulture, $"# {Path.GetFileName(path)}, {threads} threads, medians of {repeats} interleaved runs").AppendLine();
table.AppendLine(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd}; {Cpu()}; .NET {Environment.Version}; {peers[0].Name}; {peers[1].Name}. The machine is shared with other work: the ratios are the result, not the numbers.").AppendLine();
table.AppendLine("| work | Quire tokens/s | llama.cpp tokens/s | ratio of medians | ratios of the runs |").AppendLine("|---|---|---|---|---|");
foreach (var (name, measure, rate) in works)
{
    var rates = new double[2, repeats];
    for (int run = 0; run < repeats; run++)
        for (int p = 0; p < 2; p++) rates[p, run] = rate(await measure(peers[p]));
    double[] own = Row(rates, 0), other = Row(rates, 1), ratios = [.. own.Zip(other, (a, b) => a / b).Order()];
    table.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {Median(own):0.0} | {Median(other):0.0} | {Median(own) / Median(other):0.00} | {ratios[0]:0.00} to {ratios[^1]:0.00} |");
}
Console.Write(table);
if (args.Length > 2 && args[2] != "-") File.WriteAllText(args[2], table.ToString());
return 0;

double[] Row(double[,] rates, int peer) => [.. Enumerable.Range(0, repeats).Select(run => rates[peer, run])];

static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

static string Cpu() => File.Exists("/proc/cpuinfo")
    ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[^1] ?? "unknown CPU"
    : "unknown CPU";
