using System.CommandLine;

namespace Quire.Cli;

/// <summary>A flag that vLLM has and this build has not is refused with that sentence; it is never ignored.</summary>
internal static class UnsupportedFlags
{
    /// <exception cref="QuireException">The command line has such a flag, or one that nobody knows.</exception>
    public static void Check(string[] args, RootCommand root)
    {
        if (args.Length == 0 || root.Subcommands.FirstOrDefault(c => c.Name == args[0]) is not { } command) return;
        int path = 1;
        while (path < args.Length && command.Subcommands.FirstOrDefault(c => c.Name == args[path]) is { } inner) (command, path) = (inner, path + 1);
        HashSet<string> ours = [.. command.Options.Concat(root.Options).SelectMany(option => option.Aliases.Append(option.Name)), "--help", "-h", "-?"];
        foreach (string argument in args.Skip(path))
        {
            if (argument == "--") return;
            string name = argument.Split('=')[0];
            if (!name.StartsWith('-') || name.Length < 2 || char.IsAsciiDigit(name[1]) || ours.Contains(name)) continue;
            if (Known().Contains(name))
                throw new QuireException(ErrorKind.NotSupported, $"{name} is a flag of vLLM that this version of Quire does not support yet.", "unsupported_flag", name.TrimStart('-'));
            string? close = NearestName.Of(name, ours);
            throw new QuireException(ErrorKind.InvalidRequest, $"{name} is not a flag of quire {command.Name}; did you mean {close}? quire {command.Name} --help lists all.", param: name.TrimStart('-'));
        }
    }

    private static HashSet<string> Known()
    {
        using Stream stream = typeof(UnsupportedFlags).Assembly.GetManifestResourceStream("Quire.Cli.vllm-flags.txt")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
