using System.CommandLine;
using Quire;
using Quire.Cli;

var root = new RootCommand("Quire: a high-throughput LLM inference and serving engine.")
{
    ServeCommand.Create(),
    ChatCommand.Create(),
    CompleteCommand.Create(),
    DoctorCommand.Create(),
    QuantizeCommand.Create(),
    BenchCommand.Create(),
};
try
{
    string[] normalised = DottedFlags.Gather(FlagSpelling.Normalise(args));
    UnsupportedFlags.Check(normalised, root);
    ParseResult parsed = root.Parse(normalised);
    ParseErrors.Check(parsed);
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (QuireException e)
{
    await Console.Error.WriteLineAsync("quire: " + e.Message);
    return e.Kind == ErrorKind.Internal ? 1 : 2;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync("quire: " + e.Message);
    return 2;
}
catch (OperationCanceledException)
{
    return 130;
}
