using System.Text.Json;

namespace Quire.Formats;

/// <summary>The places where chat templates lie.</summary>
internal static class ChatTemplateReader
{
    private const string JinjaName = "chat_template.jinja";
    private const string JsonName = "chat_template.json";
    private const string NamedFolder = "additional_chat_templates";
    private const string GgufKey = "tokenizer.chat_template";

    /// <summary>Bytes; templates are some kilobytes.</summary>
    private const long MaxBytes = 4L << 20;

    /// <summary>A file of its own wins over the tokenizer configuration, as in transformers.</summary>
    public static Dictionary<string, string> Read(string folder, ConfigObject? config)
    {
        Dictionary<string, string> templates = config is null ? [] : FromConfig(config);
        if (templates.Count == 0 && Path.Combine(folder, JsonName) is var json && File.Exists(json))
            templates = FromConfig(ConfigObject.ReadFile(json));
        if (Path.Combine(folder, JinjaName) is var jinja && File.Exists(jinja)) templates[TokenizerConfig.DefaultTemplate] = Text(jinja);
        if (Path.Combine(folder, NamedFolder) is var named && Directory.Exists(named))
            foreach (string file in Directory.EnumerateFiles(named, "*.jinja")) templates[Path.GetFileNameWithoutExtension(file)] = Text(file);
        return templates;
    }

    /// <summary>The default one, and the named ones that <c>tokenizer.chat_templates</c> lists.</summary>
    public static Dictionary<string, string> Read(GgufMetadata metadata)
    {
        var templates = new Dictionary<string, string>();
        if (metadata.OptionalString(GgufKey) is { } single) templates[TokenizerConfig.DefaultTemplate] = single;
        foreach (string name in metadata.OptionalArray("tokenizer.chat_templates")?.ToStrings() ?? [])
            if (metadata.OptionalString($"{GgufKey}.{name}") is { } template) templates[name] = template;
        return templates;
    }

    /// <summary>One string, or a list of objects with name and template.</summary>
    private static Dictionary<string, string> FromConfig(ConfigObject config)
    {
        var templates = new Dictionary<string, string>();
        switch (config.Element("chat_template"))
        {
            case null:
                break;
            case { ValueKind: JsonValueKind.Array } list:
                foreach (JsonElement item in list.EnumerateArray())
                {
                    if (item.ValueKind != JsonValueKind.Object) throw config.Bad("chat_template", "must be a string, or a list of objects with name and template");
                    var entry = new ConfigObject(config.File, "chat_template", item);
                    templates[entry.String("name")] = entry.String("template");
                }

                break;
            default:
                templates[TokenizerConfig.DefaultTemplate] = config.String("chat_template");
                break;
        }

        return templates;
    }

    private static string Text(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            return length <= MaxBytes ? File.ReadAllText(path) : throw QuireException.BadFile(path, $"has {length} bytes; a template has up to {MaxBytes}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new QuireException(ErrorKind.NotFound, $"{path} cannot be read: {e.Message}", inner: e);
        }
    }
}
