using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LLama;
using LLama.Common;
using LLama.Exceptions;
using LLama.Native;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Peers;

/// <summary>Where llama.cpp cuts <see cref="PreTokenizerTexts"/> under each name of <c>tokenizer.ggml.pre</c>.</summary>
/// <remarks>A token is written as its length in bytes: with the text that says which one it is. Names that cut all texts alike share a case.</remarks>
internal static class PreTokenizerVectors
{
    private static readonly string[] names =
    [
        "default", "gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "modern-bert", "roberta-bpe", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
        "jina-v2-code", "gigachat", "a.x-4.0", "mellum", "mellum2", "falcon", "bloom", "poro-chat", "gpt3-finnish", "viking", "seed-coder", "bailingmoe", "bailingmoe2", "llada-moe", "deepseek-llm",
        "deepseek-coder", "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan", "solar-open", "grok-2",
        "kormo", "f2llmv2", "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "lfm2", "midm-2.0", "jina-v5-nano", "dbrx", "smaug-bpe", "glm4", "chatglm-bpe", "gpt-4o", "llama4",
        "kanana2", "minimax-m2", "talkie", "tekken", "deepseek-v3", "deepseek-r1", "hunyuan-dense", "joyai-llm", "hy_v4", "spark2_5", "afmoe", "chameleon", "exaone-moe", "gemma4", "granite-embed-multi-311m",
        "granite-embed-multi-97m", "jais-2", "kimi-k2", "laguna", "minicpm5", "qwen35", "sarvam-moe", "superbpe", "tiny_aya", "cohere2moe", "ufakzeka", "youtu",
    ];

    private static readonly string[] inCharacters = ["gemma4", "granite-embed-multi-311m", "sarvam-moe"];

    public static void Write(string path)
    {
        NativeLibraryConfig.All.WithLogCallback((_, _) => { });
        string[] texts = [.. PreTokenizerTexts.All.Distinct(), PieceVocabulary.Unmergeable];
        var cases = new Dictionary<string, JsonObject>();
        foreach (string name in names)
        {
            if (Case(name, texts) is not { } found) continue;
            string key = found.ToJsonString();
            if (cases.TryAdd(key, found)) found.Insert(0, "names", new JsonArray());
            cases[key]["names"]!.AsArray().Add(name);
        }
        var document = new JsonObject
        {
            ["source"] = "llama.cpp through LLamaSharp 0.30.0",
            ["texts"] = new JsonArray([.. texts.Select(text => JsonValue.Create(text))]),
            ["cases"] = new JsonArray([.. cases.Values]),
        };
        using var gzip = new GZipStream(File.Create(path), CompressionLevel.SmallestSize);
        gzip.Write(Encoding.UTF8.GetBytes(document.ToJsonString(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })));
    }

    /// <summary>Null where llama.cpp does not know the name.</summary>
    private static JsonObject? Case(string name, string[] texts)
    {
        var vocabulary = new PieceVocabulary(texts, !inCharacters.Contains(name));
        string file = Path.GetTempFileName();
        try
        {
            Vocabulary(vocabulary, name).Write(file, []);
            using LLamaWeights weights = LLamaWeights.LoadFromFile(new ModelParams(file) { VocabOnly = true });
            int[] framed = Tokenize(weights, "x", special: true);
            return new JsonObject
            {
                ["characters"] = !vocabulary.InBytes,
                ["bos"] = framed[0] == vocabulary.BeginId,
                ["eos"] = framed[^1] == vocabulary.EndId,
                ["tokens"] = new JsonArray([.. texts.Select(text => JsonValue.Create(string.Join(' ', Tokenize(weights, text, special: false).Select(id => vocabulary.BytesOf(id)))))]),
            };
        }
        catch (LoadWeightsFailedException)
        {
            Console.WriteLine($"{name}: unknown to llama.cpp");
            return null;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static GgufWriter Vocabulary(PieceVocabulary vocabulary, string name) => new GgufWriter("llama")
        .Add("llama.block_count", 1u).Add("llama.context_length", 64u).Add("llama.embedding_length", 4u).Add("llama.feed_forward_length", 8u).Add("llama.attention.head_count", 2u)
        .Add("llama.attention.layer_norm_rms_epsilon", 1e-5f)
        .Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.pre", name)
        .Add("tokenizer.ggml.tokens", vocabulary.Tokens).Add("tokenizer.ggml.token_type", vocabulary.Types).Add("tokenizer.ggml.merges", vocabulary.Merges)
        .Add("tokenizer.ggml.bos_token_id", (uint)vocabulary.BeginId).Add("tokenizer.ggml.eos_token_id", (uint)vocabulary.EndId);

    private static int[] Tokenize(LLamaWeights weights, string text, bool special) => [.. weights.Tokenize(text, special, false, Encoding.UTF8).Select(token => (int)token)];
}
