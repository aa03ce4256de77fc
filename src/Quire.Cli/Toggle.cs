using System.CommandLine;

namespace Quire.Cli;

/// <summary>A pair --x / --no-x.</summary>
internal sealed class Toggle(string name, string description, bool isOn)
{
    private readonly Option<bool> on = new(name) { Description = $"{description} Default: {(isOn ? "on" : "off")}." };
    private readonly Option<bool> off = new("--no-" + name[2..]) { Description = "The opposite." };

    public void AddTo(Command command)
    {
        command.Options.Add(on);
        command.Options.Add(off);
    }

    public bool Value(ParseResult parsed) => parsed.GetValue(on) || (isOn && !parsed.GetValue(off));
}
