using System.Text.Json;

namespace Quire.OpenAI;

/// <summary>The three shapes of log probabilities: chat, completions, prompt.</summary>
internal static class LogprobsWriter
{
    public static void WriteChat(Utf8JsonWriter json, IReadOnlyList<TextLogprob> tokens, int top, bool asTokenIds)
    {
        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (TextLogprob token in tokens)
        {
            json.WriteStartObject();
            WriteEntry(json, token, asTokenIds, isAlternative: false);
            json.WriteStartArray("top_logprobs");
            foreach (TextLogprob other in token.Top.Take(top < 0 ? int.MaxValue : top))
            {
                json.WriteStartObject();
                WriteEntry(json, other, asTokenIds, isAlternative: true);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <param name="offset">Characters before the first token; moved on.</param>
    /// <param name="startsWithoutLogprob">The first token is a prompt's, which nothing precedes.</param>
    public static void WriteCompletion(Utf8JsonWriter json, IReadOnlyList<TextLogprob> tokens, bool asTokenIds, ref int offset, bool startsWithoutLogprob = false)
    {
        json.WriteStartObject("logprobs");
        json.WriteStartArray("text_offset");
        foreach (TextLogprob token in tokens)
        {
            json.WriteNumberValue(offset);
            offset += Name(token, asTokenIds).EnumerateRunes().Count();
        }
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs");
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i == 0 && startsWithoutLogprob) json.WriteNullValue();
            else json.WriteNumberValue(Finite(tokens[i].Logprob));
        }
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        foreach (TextLogprob token in tokens) json.WriteStringValue(Name(token, asTokenIds));
        json.WriteEndArray();
        json.WriteStartArray("top_logprobs");
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i == 0 && startsWithoutLogprob)
            {
                json.WriteNullValue();
                continue;
            }
            json.WriteStartObject();
            HashSet<string> written = [];
            foreach (TextLogprob entry in tokens[i].Top.Any(t => t.Token == tokens[i].Token) ? tokens[i].Top : tokens[i].Top.Prepend(tokens[i]))
                if (written.Add(Name(entry, asTokenIds))) json.WriteNumber(Name(entry, asTokenIds), Finite(entry.Logprob));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>One map per prompt token, the first null.</summary>
    public static void WritePrompt(Utf8JsonWriter json, IReadOnlyList<TextLogprob>? tokens)
    {
        if (tokens is null)
        {
            json.WriteNull("prompt_logprobs");
            return;
        }
        json.WriteStartArray("prompt_logprobs");
        json.WriteNullValue();
        foreach (TextLogprob token in tokens)
        {
            json.WriteStartObject();
            WritePromptEntry(json, token);
            foreach (TextLogprob other in token.Top)
                if (other.Token != token.Token) WritePromptEntry(json, other);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WritePromptEntry(Utf8JsonWriter json, TextLogprob entry)
    {
        json.WriteStartObject(entry.Token.ToString());
        json.WriteNumber("logprob", Finite(entry.Logprob));
        json.WriteNumber("rank", entry.Rank);
        json.WriteString("decoded_token", entry.Text);
        json.WriteEndObject();
    }

    // With ids for texts, the chosen token keeps the bytes of its text and its alternatives have those of the id's name: as vLLM writes them.
    private static void WriteEntry(Utf8JsonWriter json, TextLogprob entry, bool asTokenIds, bool isAlternative)
    {
        string name = Name(entry, asTokenIds);
        json.WriteString("token", name);
        json.WriteNumber("logprob", Finite(entry.Logprob));
        json.WriteStartArray("bytes");
        foreach (byte value in isAlternative && asTokenIds ? System.Text.Encoding.UTF8.GetBytes(name) : entry.Bytes) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static string Name(TextLogprob entry, bool asTokenIds) => asTokenIds ? $"token_id:{entry.Token}" : entry.Text;

    // JSON has no infinity; vLLM writes this number for it.
    private static double Finite(float logprob) => float.IsNegativeInfinity(logprob) ? -9999.0 : logprob;
}
