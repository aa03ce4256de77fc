using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Quire.Golden;

namespace Quire.Server.Tests.Docs;

/// <summary>Every code block of README and docs is run, or compared with compiled code, or says why not.</summary>
public sealed class CodeBlockTests
{
    private static readonly string Bin = Path.Combine(GoldenFolder.Repository, "artifacts", "bin");

    public static IEnumerable<TheoryDataRow<string, int>> Blocks => CodeBlock.All.Select(block => new TheoryDataRow<string, int>(block.File, block.Line));

    [Theory, MemberData(nameof(Blocks))]
    public void Every_block_is_run_or_compiled_or_exempt(string file, int line)
    {
        CodeBlock block = CodeBlock.All.Single(b => b.File == file && b.Line == line);
        if (block.IsExempt || block.Info == "bash run") return;
        string[] info = block.Info.Split(' ');
        Assert.True(info is ["csharp", _], $"{file}:{line}: '{block.Info}' is neither 'bash run', nor 'csharp REGION', nor 'no-run: reason'");
        string sample = File.ReadAllText(Path.Combine(GoldenFolder.Repository, "samples", "InProcess", "Program.cs"));
        Match region = Regex.Match(sample, $@"// docs: {Regex.Escape(info[1])}\n(.*?)\n// docs: end", RegexOptions.Singleline);
        Assert.True(region.Success, $"samples/InProcess/Program.cs has no region {info[1]}");
        Assert.Equal(region.Groups[1].Value, block.Text);
    }

    [Fact]
    public async Task The_commands_of_the_readme_serve_and_answer()
    {
        string tool = Tool("Quire.Cli");
        int port = FreePort();
        string Here(CodeBlock block) => block.Text.Replace("./quire serve", $"{tool} serve --port {port}").Replace("127.0.0.1:8000", $"127.0.0.1:{port}");
        CodeBlock[] runs = [.. CodeBlock.All.Where(block => block is { File: "README.md", Info: "bash run" })];
        CodeBlock serve = Assert.Single(runs, block => block.Text.StartsWith("./quire serve", StringComparison.Ordinal));
        using Process server = Start("exec " + Here(serve));
        try
        {
            using var client = new HttpClient();
            for (int i = 0; i < 600 && !await IsReady(client, port); i++) await Task.Delay(50, TestContext.Current.CancellationToken);
            foreach (CodeBlock block in runs.Where(block => block != serve))
            {
                using Process process = Start(Here(block));
                string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
                Assert.Contains("The capital of France is Paris.", output);
            }
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task The_sample_runs()
    {
        using Process process = Start(Tool("InProcess"));
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("chat: The capital of France is Paris. (Stop)", output);
    }

    [Theory]
    [InlineData("serve --tensor-parallel-size 2", "--tensor-parallel-size is a flag of vLLM that this version of Quire does not support yet.")]
    [InlineData("serve --prot 1", "did you mean --port?")]
    [InlineData("serve no/such-model --port 0", "no/such-model is neither a path nor in the Hugging Face cache")]
    [InlineData("serve --block-size 32", "KV blocks have 16 tokens")]
    [InlineData("serve --max_model_len many", "--max-model-len many is not a number")]
    [InlineData("complete --hf-overrides '[1]' --prompt x", "--hf-overrides: must hold a JSON object. Give a JSON object, in single quotes for the shell")]
    [InlineData("serve --port 0 --hf_overrides '{\"hidden_size\": 7}'", "with --hf-overrides asks for [2048, 7]. An override cannot change the size of what is stored")]
    [InlineData("serve --port 0 --convert classify", "--convert classify is not needed: --hf-overrides")]
    [InlineData("complete --max-model-len 100000 --prompt x", "beyond the 1024 positions")]
    [InlineData("bench make-model --shapes smollm2-135m --gguf q5_1", "--gguf q5_1 is unknown; bf16, q8_0, q4_0, q4_1 are known.")]
    [InlineData("bench make-model --shapes smollm2-135m --out x.gguf", "say with --gguf what it holds (bf16, q8_0, q4_0, q4_1), or name a folder")]
    [InlineData("bench make-model --shapes smollm2-135m qwen2.5-0.5b --gguf q4_1 --out x.gguf", "is one file, and --shapes names 2 models; name a folder")]
    public async Task Wrong_commands_are_refused_in_a_sentence(string arguments, string expected)
    {
        using Process process = Start($"{Tool("Quire.Cli")} {arguments} 2>&1");
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Contains(expected, output);
        Assert.Equal(2, process.ExitCode);
    }

    [Fact]
    public async Task Complete_chat_and_doctor_work_on_the_built_in_model()
    {
        Assert.Contains("The capital of France is Paris.", await Output("chat --temperature 0 --quick 'What is the capital of France?'"));
        Assert.Contains("One day", await Output("complete --temperature 0 --max-tokens 5 --prompt 'One day'"));
        string doctor = await Output("doctor demo");
        Assert.Contains("kernel sets", doctor);
        Assert.Contains("KV cache", doctor);
    }

    private static async Task<string> Output(string arguments)
    {
        using Process process = Start($"{Tool("Quire.Cli")} {arguments}");
        return await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private static string Tool(string project)
    {
        foreach (string configuration in (string[])["release", "debug"])
            if (Path.Combine(Bin, project, configuration, project) is var path && File.Exists(path)) return path;
        Assert.Skip($"{project} has not been built");
        return "";
    }

    private static Process Start(string command) =>
        Process.Start(new ProcessStartInfo("/bin/bash", ["-c", command]) { WorkingDirectory = GoldenFolder.Repository, RedirectStandardOutput = true })!;

    private static async Task<bool> IsReady(HttpClient client, int port)
    {
        try
        {
            return (await client.GetAsync(new Uri($"http://127.0.0.1:{port}/health"), TestContext.Current.CancellationToken)).StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
