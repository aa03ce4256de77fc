namespace Quire.Tokenizers;

/// <summary>What a value of <c>tokenizer.ggml.pre</c> means: regexes applied one after the other, and two habits.</summary>
internal sealed record GgufPreTokenizer(params string[] Patterns)
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Rest = @" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Ideographs = "[一-龥ࠀ-一가-\uD7FF]+", WordsWithoutMarks = @" ?[^(\s|.,!?…。，、।۔،)]+";

    // The ranges hold ASCII's letters too: so it was trained.
    private const string WidePunctuation = "[!-/:-~！-／：-～‘-‟\u3000-。]";
    private const string CasedLetters =
        "[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨ\u212A-\u212Dℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]";
    private const string CasedRest = @" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly GgufPreTokenizer gpt2 = new(SplitPattern.Gpt2);
    private static readonly GgufPreTokenizer digitsThenGpt2 = new(@"\p{N}", SplitPattern.Gpt2);
    private static readonly GgufPreTokenizer unnamed = new(@"[\p{P}\$\+<=>\^~\|]+", SplitPattern.Gpt2, @"\p{N}+", "[0-9][0-9][0-9]");
    private static readonly GgufPreTokenizer falcon = new(@"[\p{P}\$\+<=>\^~\|`]+", SplitPattern.Gpt2, "[0-9][0-9][0-9]");
    private static readonly GgufPreTokenizer deepseekCoder = new(@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", Ideographs, @"\p{N}");
    private static readonly GgufPreTokenizer deepseek = new(@"[\r\n]", $@"\s?{CasedLetters}+", $@"\s?{WidePunctuation}+", @"\s+$", Ideographs, @"\p{N}+");
    private static readonly GgufPreTokenizer bloom = new(WordsWithoutMarks);
    private static readonly GgufPreTokenizer bloomThenDigits = new(WordsWithoutMarks, @"\p{N}");
    private static readonly GgufPreTokenizer seed = new($@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+");
    private static readonly GgufPreTokenizer bailing = new(@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+");
    private static readonly GgufPreTokenizer qwen2 = new($@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{Rest}");
    private static readonly GgufPreTokenizer llama3 = new($@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{Rest}") { IgnoreMerges = true, AddsBos = true };
    private static readonly GgufPreTokenizer gpt4o = new($@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{Contractions}?|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{Contractions}?|\p{{N}}{{1,3}}|{CasedRest}");
    private static readonly GgufPreTokenizer tekken = new($@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*|\p{{N}}|{CasedRest}") { IgnoreMerges = true, AddsBos = true };
    private static readonly GgufPreTokenizer deepseek3 = new(
        @"\p{N}{1,3}",
        "[一-龥\u3040-ゟ゠-ヿ]+",
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+");

    /// <summary>A piece that is itself a token is not put together from merges.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>The token that begins a text is added where the file does not say.</summary>
    public bool AddsBos { get; init; }

    public static GgufPreTokenizer Find(string name, string file) => name switch
    {
        "gpt-2" or "gpt2" or "phi-2" or "mpt" or "olmo" or "jais" or "trillion" or "granite-docling" or "exaone4" or "modern-bert" or "roberta-bpe"
            or "jina-es" or "jina-de" or "jina-v1-en" or "jina-v2-es" or "jina-v2-de" or "jina-v2-code" or "gigachat" or "a.x-4.0" or "mellum" => gpt2,
        "default" => unnamed,
        "falcon" => falcon,
        "bloom" or "poro-chat" or "gpt3-finnish" => bloom,
        "viking" => bloomThenDigits,
        "seed-coder" => seed,
        "bailingmoe" or "bailingmoe2" or "llada-moe" => bailing,
        "deepseek-llm" => deepseek,
        "deepseek-coder" => deepseekCoder,
        "smollm" or "starcoder" or "refact" or "command-r" or "codeshell" or "exaone" or "minerva-7b" => digitsThenGpt2,
        "qwen2" or "stablelm2" or "deepseek-r1-qwen" or "megrez" or "hunyuan" or "solar-open" or "grok-2" or "kormo" or "f2llmv2" => qwen2,
        "llama3" or "llama-v3" or "llama-bpe" or "falcon3" or "falcon-h1" or "pixtral" or "lfm2" or "midm-2.0" or "jina-v5-nano" => llama3,
        "dbrx" or "smaug-bpe" or "glm4" or "chatglm-bpe" => llama3 with { IgnoreMerges = false, AddsBos = false },
        "gpt-4o" or "llama4" or "kanana2" or "minimax-m2" => gpt4o,
        "tekken" => tekken,
        "deepseek-v3" or "deepseek-r1" or "hunyuan-dense" or "joyai-llm" => deepseek3,
        // Not among them: afmoe, chameleon, exaone-moe, gemma4, jais-2, kimi-k2, qwen35, superbpe, tiny_aya, youtu.
        _ => throw new QuireException(ErrorKind.NotSupported, $"{file}: the pre-tokenizer \"{name}\" is not supported"),
    };

    public PreTokenizer Build() => new SequencePreTokenizer(
    [
        .. Patterns.Select(pattern => new SplitPreTokenizer(SplitPattern.Oniguruma(pattern), SplitBehavior.Isolated, false)),
        new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: false),
    ]);
}
