using System.Text.Json;
using System.Text.Json.Nodes;

namespace Quire.Cli;

/// <summary>vLLM's spelling of flags that take a JSON object: <c>--hf-overrides.rope_scaling.factor 4</c> is <c>--hf-overrides '{"rope_scaling": {"factor": 4}}'</c>. A key that ends in + adds to a list.
/// Values are JSON, or else strings.</summary>
internal static class DottedFlags
{
    /// <returns>The arguments with each such flag once, as one object behind all others; one that is also given whole is where it was, with the keys set in it.</returns>
    /// <exception cref="QuireException">No value, or keys that contradict what is there.</exception>
    public static string[] Gather(string[] args)
    {
        var rest = new List<string>(args.Length);
        var gathered = new List<(string Flag, string[] Path, string Text)>();
        for (int i = 0; i < args.Length; i++)
        {
            (string name, string? value) = args[i].Split('=', 2) is [var before, var after] ? (before, after) : (args[i], null);
            if (args[i] == "--")
            {
                rest.AddRange(args[i..]);
                break;
            }
            if (!name.StartsWith("--", StringComparison.Ordinal) || !name.Contains('.', StringComparison.Ordinal))
            {
                rest.Add(args[i]);
                continue;
            }
            string[] path = name.Split('.');
            if (path.Any(key => key.Length == 0)) throw Wrong(path[0], $"{name} has an empty key.");
            value ??= i + 1 < args.Length ? args[++i] : throw Wrong(path[0], $"{name} has no value.");
            gathered.Add((path[0], path[1..], value));
        }
        foreach (var flag in gathered.GroupBy(entry => entry.Flag))
        {
            int at = rest.FindIndex(argument => argument == flag.Key || argument.StartsWith(flag.Key + "=", StringComparison.Ordinal));
            bool isSplit = at >= 0 && rest[at] == flag.Key;
            string? whole = at < 0 ? null : isSplit ? rest.ElementAtOrDefault(at + 1) : rest[at][(flag.Key.Length + 1)..];
            JsonObject json = whole is null ? [] : Parsed(whole) as JsonObject ?? throw Wrong(flag.Key, $"{flag.Key} {whole} is no JSON object, so {flag.Key}.{flag.First().Path[0]} cannot be set in it.");
            foreach ((_, string[] path, string text) in flag) Set(json, flag.Key, path, Parsed(text));
            if (at < 0) rest.AddRange([flag.Key, json.ToJsonString()]);
            else if (isSplit) rest[at + 1] = json.ToJsonString();
            else rest[at] = $"{flag.Key}={json.ToJsonString()}";
        }
        return [.. rest];
    }

    private static void Set(JsonObject json, string flag, string[] path, JsonNode? value)
    {
        foreach (string key in path[..^1])
        {
            if (json[key] is null) json[key] = new JsonObject();
            json = json[key] as JsonObject ?? throw Wrong(flag, $"{flag}.{string.Join('.', path)}: {key} is {json[key]!.ToJsonString()}, no object with keys of its own.");
        }
        if (!path[^1].EndsWith('+'))
        {
            json[path[^1]] = value;
            return;
        }
        string list = path[^1][..^1];
        if (json[list] is null) json[list] = new JsonArray();
        (json[list] as JsonArray ?? throw Wrong(flag, $"{flag}.{string.Join('.', path)}: {list} is {json[list]!.ToJsonString()}, no list to add to.")).Add(value);
    }

    private static JsonNode? Parsed(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    private static QuireException Wrong(string flag, string message) => new(ErrorKind.InvalidRequest, message, param: flag.TrimStart('-'));
}
