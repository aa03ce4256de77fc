using System.Text.Json;

namespace Quire.Tokenizers;

/// <summary>Reads <c>post_processor</c>.</summary>
internal sealed class PostProcessorConfig(Func<int, string> tokenText)
{
    public PostProcessor Read(JsonConfig config)
    {
        switch (config.Type)
        {
            case "Sequence":
                return new SequencePostProcessor([.. config.Objects("processors").Select(Read)]);
            case "ByteLevel":
                return new SequencePostProcessor(config.Bool("trim_offsets", true) ? [new TrimOffsetsPostProcessor(tokenText, config.Bool("add_prefix_space", true))] : []);
            case "TemplateProcessing":
                return new TemplatePostProcessor(Template(config));
            case "BertProcessing":
                return Wrapping(config);
            case "RobertaProcessing":
                return config.Bool("trim_offsets", true)
                    ? new SequencePostProcessor([new TrimOffsetsPostProcessor(tokenText, config.Bool("add_prefix_space", true)), Wrapping(config)])
                    : Wrapping(config);
            default:
                throw config.NotSupported($"the type \"{config.Type}\"");
        }
    }

    private static TemplatePostProcessor Wrapping(JsonConfig config) => new([TokenId(config, "cls"), null, TokenId(config, "sep")]);

    private static int TokenId(JsonConfig config, string name) =>
        config.Array(name) is var pair && pair.GetArrayLength() == 2 && pair[1].ValueKind == JsonValueKind.Number && pair[1].TryGetInt32(out int id)
            ? id
            : throw config.Bad($"has a {name} that is not [token, id]");

    private static List<int?> Template(JsonConfig config)
    {
        var template = new List<int?>();
        foreach (JsonConfig part in config.Objects("single"))
        {
            if (part.Has("Sequence"))
            {
                if (part.Object("Sequence").String("id") != "A") throw part.Bad("names a second text in the template for one");
                template.Add(null);
                continue;
            }
            string name = part.Object("SpecialToken").String("id");
            foreach (JsonElement id in config.Object("special_tokens").Object(name).Array("ids").EnumerateArray())
                template.Add(id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value) ? value : throw part.Bad($"names {name}, whose ids are no integers"));
        }
        return template;
    }
}
