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
                return Template(config);
            case "BertProcessing":
                return Wrapping(config, doubled: false);
            case "RobertaProcessing":
                return config.Bool("trim_offsets", true)
                    ? new SequencePostProcessor([new TrimOffsetsPostProcessor(tokenText, config.Bool("add_prefix_space", true)), Wrapping(config, doubled: true)])
                    : Wrapping(config, doubled: true);
            default:
                throw config.NotSupported($"the type \"{config.Type}\"");
        }
    }

    /// <summary>BERT: [CLS] a [SEP] b [SEP], the second text of type 1. RoBERTa: a separator more, and one type.</summary>
    private static TemplatePostProcessor Wrapping(JsonConfig config, bool doubled)
    {
        (int cls, int sep) = (TokenId(config, "cls"), TokenId(config, "sep"));
        int second = doubled ? 0 : 1;
        List<PairPart> pair = [new(cls, false, 0), new(null, false, 0), new(sep, false, 0)];
        if (doubled) pair.Add(new(sep, false, 0));
        pair.AddRange([new(null, true, second), new(sep, false, second)]);
        return new TemplatePostProcessor([cls, null, sep], pair);
    }

    private static int TokenId(JsonConfig config, string name) =>
        config.Array(name) is var pair && pair.GetArrayLength() == 2 && pair[1].ValueKind == JsonValueKind.Number && pair[1].TryGetInt32(out int id)
            ? id
            : throw config.Bad($"has a {name} that is not [token, id]");

    private static TemplatePostProcessor Template(JsonConfig config)
    {
        List<PairPart> single = Parts(config, "single");
        if (single.Exists(part => part.IsSecond)) throw config.Bad("names a second text in the template for one");
        return new TemplatePostProcessor([.. single.Select(part => part.Id)], config.Has("pair") ? Parts(config, "pair") : null);
    }

    private static List<PairPart> Parts(JsonConfig config, string name)
    {
        var parts = new List<PairPart>();
        foreach (JsonConfig part in config.Objects(name))
        {
            if (part.Has("Sequence"))
            {
                JsonConfig text = part.Object("Sequence");
                bool isSecond = text.String("id") switch { "A" => false, "B" => true, var other => throw part.Bad($"names the text {other}, not A or B") };
                parts.Add(new PairPart(null, isSecond, text.Has("type_id") ? text.Int("type_id") : 0));
                continue;
            }
            JsonConfig special = part.Object("SpecialToken");
            string token = special.String("id");
            int type = special.Has("type_id") ? special.Int("type_id") : 0;
            foreach (JsonElement id in config.Object("special_tokens").Object(token).Array("ids").EnumerateArray())
            {
                if (id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out int value)) throw part.Bad($"names {token}, whose ids are no integers");
                parts.Add(new PairPart(value, false, type));
            }
        }
        return parts;
    }
}
