using Quire.Gate;

// quire-gate FOLDER-OF-BUILT-TESTS [--all | golden [FOLDER...]]
if (args.Length == 0)
{
    Console.Error.WriteLine("usage: Quire.Gate ARTIFACTS [--all | golden [FOLDER...]]");
    return 2;
}
TestRun run = args[1..] switch
{
    [] => TestRun.Gate(all: false),
    ["--all"] => TestRun.Gate(all: true),
    ["golden", .. string[] folders] => TestRun.Golden(folders),
    _ => throw new ArgumentException($"unknown arguments: {string.Join(' ', args[1..])}; known are --all and golden [FOLDER...]"),
};
return await run.Execute(args[0]);
