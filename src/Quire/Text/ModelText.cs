using System.Text.Json;
using Quire.Formats;
using Quire.Templates;
using Quire.Tokenizers;

namespace Quire;

/// <summary>The text side of a model: tokenizer, chat template, special tokens.</summary>
internal sealed class ModelText
{
    private readonly ChatTemplate? template;
    private readonly Dictionary<string, string> specialTokens = [];

    private ModelText(Tokenizer tokenizer, ChatTemplate? template, TokenizerConfig config)
    {
        Tokenizer = tokenizer;
        this.template = template;
        Add("bos_token", config.BosToken);
        Add("eos_token", config.EosToken);
        Add("pad_token", config.PadToken);
        Add("unk_token", config.UnkToken);

        void Add(string name, string? token)
        {
            if (token is not null) specialTokens[name] = token;
        }
    }

    public Tokenizer Tokenizer { get; }

    public bool HasChatTemplate => template is not null;

    public static ModelText Load(Checkpoint checkpoint, QuireOptions options)
    {
        Tokenizer tokenizer = ReadTokenizer(checkpoint, options);
        string? source = options.ChatTemplate is { } own ? ReadTemplate(own) : checkpoint.Tokenizer.ChatTemplate;
        return new ModelText(tokenizer, source is null ? null : ChatTemplate.Parse(source, options.ChatTemplate is not null ? "--chat-template" : checkpoint.Path), checkpoint.Tokenizer);
    }

    /// <summary>The conversation as the prompt that the model was trained on.</summary>
    /// <exception cref="QuireException">The model has no template, or the template refuses the conversation.</exception>
    public string Render(ChatRequest request, TimeProvider clock)
    {
        ChatTemplate chosen = request.ChatTemplate is { } own ? ChatTemplate.Parse(own, "chat_template") : template
            ?? throw new QuireException(ErrorKind.InvalidRequest, "This model has no chat template; give one with --chat-template, or use /v1/completions.", param: "messages");
        return chosen.Render(new TemplateContext
        {
            Messages = request.Messages,
            Tools = request.Tools,
            Documents = request.Documents,
            AddGenerationPrompt = request.AddGenerationPrompt,
            ContinueFinalMessage = request.ContinueFinalMessage,
            Kwargs = request.TemplateArguments,
            SpecialTokens = specialTokens,
            Clock = clock,
        });
    }

    // A file, or the template itself, which has something to fill in.
    private static string ReadTemplate(string own) => File.Exists(own) ? File.ReadAllText(own)
        : own.Contains('{', StringComparison.Ordinal) ? own
        : throw new QuireException(ErrorKind.NotFound, $"--chat-template {own} is neither a file nor a template.", param: "chat-template");

    /// <summary>The tokenizer alone.</summary>
    public static Tokenizer ReadTokenizer(Checkpoint checkpoint, QuireOptions options)
    {
        if (options.Tokenizer is { } own) return Tokenizer.FromFile(Directory.Exists(own) ? Path.Combine(own, "tokenizer.json") : own);
        if (checkpoint.Vocabulary is { } vocabulary) return Tokenizer.FromGguf(vocabulary, checkpoint.Path);
        string file = Path.Combine(checkpoint.Path, "tokenizer.json");
        if (!File.Exists(file)) throw new QuireException(ErrorKind.NotFound, $"{checkpoint.Path} has no tokenizer.json; give one with --tokenizer.", param: "tokenizer");
        return Tokenizer.FromFile(file);
    }
}
