namespace Quire.Tokenizers;

/// <summary>The pre-tokenizers that GGUF files name.</summary>
/// <remarks>
/// As the models' tokenizer.json say it. llama.cpp's regexes know no categories of letters and no script, so some texts are cut otherwise there:
/// <c>tests/golden/tokenizers/pre-tokenizers/differences.json</c> lists them; all others are cut alike.
/// </remarks>
internal static class GgufPreTokenizers
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Rest = @" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string CasedWords = $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{Contractions}?|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{Contractions}?";
    private const string UpperNotHan = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]", LowerNotHan = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string Qwen2 = $@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{Rest}";
    private const string AsciiMarksBeforeWords =
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

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
    private static readonly GgufPreTokenizer qwen2 = new(Qwen2);
    private static readonly GgufPreTokenizer qwen35 = new($@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+");
    private static readonly GgufPreTokenizer laguna = new(@"[^\n]+|\n+", Qwen2);
    private static readonly GgufPreTokenizer llama3 = new($@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{Rest}") { IgnoreMerges = true, AddsBos = true };
    private static readonly GgufPreTokenizer jais2 = new(
        $@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+" +
        @"|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}");
    private static readonly GgufPreTokenizer miniCpm5 = new(@"\p{N}{1,3}", $@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}+|{Rest}") { IgnoreMerges = true };
    private static readonly GgufPreTokenizer exaoneMoe = new(
        $@"{Contractions}|[^\r\n\p{{L}}\p{{N}}]?(?:\p{{L}}\p{{M}}*(?: \p{{L}}\p{{M}}*)*)+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+");
    private static readonly GgufPreTokenizer superBpe = new(@"\p{N}+") { DigitGroups = () => new DigitGroupsPreTokenizer(SplitPattern.Oniguruma(@"\d+"), null, isolates: false) };
    private static readonly GgufPreTokenizer chameleon = new(
        "<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", @"([\t\n]|    |  )", @"\p{N}", @"[\p{P}!-/:-@\[-`{-~]", SplitPattern.Gpt2)
    { AddsBos = true };
    private static readonly GgufPreTokenizer gpt4o = new($@"{CasedWords}|\p{{N}}{{1,3}}|{CasedRest}");
    private static readonly GgufPreTokenizer tinyAya = new($@"{CasedWords}|\p{{N}}{{1,3}}|{CasedRest}") { DigitGroups = () => new DigitGroupsPreTokenizer(SplitPattern.Oniguruma(@"\d+"), SplitPattern.Oniguruma(@"\d\b"), isolates: true) };
    private static readonly GgufPreTokenizer youtu = new(
        "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\u3040-ゟ゠-ヿ]+", $@"{CasedWords}|\p{{N}}|{CasedRest}")
    { IgnoreMerges = true };
    private static readonly GgufPreTokenizer kimiK2 = new(
        $@"\p{{Han}}+|[^\r\n\p{{L}}\p{{N}}]?{UpperNotHan}*{LowerNotHan}+{Contractions}?|[^\r\n\p{{L}}\p{{N}}]?{UpperNotHan}+{LowerNotHan}*{Contractions}?|\p{{N}}{{1,3}}|{Rest}");
    private static readonly GgufPreTokenizer tekken = new($@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*|\p{{N}}|{CasedRest}") { IgnoreMerges = true, AddsBos = true };
    private static readonly GgufPreTokenizer deepseek3 = new(@"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", AsciiMarksBeforeWords);
    private static readonly GgufPreTokenizer afmoe = new(
        "[一-鿿㐀-䶿\u8C48-\uFAFF\u3040-ゟ゠-ヿ･-ﾟ⼀-\u2FDF\u0E40-\u0E7F\u0E80-\u0EFFក-\u17FFက-႟ꩠ-ꩿꧠ-\uA9FF가-\uD7AFᄀ-ᇿ]+",
        AsciiMarksBeforeWords)
    { DigitGroups = () => new DigitGroupsPreTokenizer(SplitPattern.Oniguruma(@"\p{N}+"), null, isolates: true) };
    private static readonly GgufPreTokenizer lines = new(@"[^\n]+|\n+") { InCharacters = true };

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
        "smollm" or "starcoder" or "refact" or "command-r" or "codeshell" or "exaone" or "minerva-7b" or "mellum2" => digitsThenGpt2,
        "qwen2" or "stablelm2" or "deepseek-r1-qwen" or "megrez" or "hunyuan" or "solar-open" or "grok-2" or "kormo" or "f2llmv2" => qwen2,
        "llama3" or "llama-v3" or "llama-bpe" or "falcon3" or "falcon-h1" or "pixtral" or "lfm2" or "midm-2.0" or "jina-v5-nano" => llama3,
        "dbrx" or "smaug-bpe" or "glm4" or "chatglm-bpe" => llama3 with { IgnoreMerges = false, AddsBos = false },
        "gpt-4o" or "llama4" or "kanana2" or "minimax-m2" or "talkie" => gpt4o,
        "granite-embed-multi-97m" => gpt4o with { IgnoreMerges = true },
        "tiny_aya" or "cohere2moe" => tinyAya,
        "youtu" => youtu,
        "kimi-k2" => kimiK2,
        "qwen35" => qwen35,
        "laguna" => laguna,
        "jais-2" => jais2,
        "minicpm5" => miniCpm5,
        "exaone-moe" => exaoneMoe,
        "superbpe" => superBpe,
        "chameleon" => chameleon,
        "afmoe" => afmoe,
        "gemma4" or "granite-embed-multi-311m" => lines with { AlwaysAddsBos = true, WholeLineBreaks = true },
        "sarvam-moe" => lines,
        "tekken" => tekken,
        "deepseek-v3" or "deepseek-r1" or "hunyuan-dense" or "joyai-llm" => deepseek3,
        _ => throw new QuireException(ErrorKind.NotSupported, $"{file}: the pre-tokenizer \"{name}\" is not supported"),
    };
}
