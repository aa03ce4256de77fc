using System.Globalization;
using System.Text.Json;
using Quire.Engine;

namespace Quire.OpenAI;

/// <summary>The fields that chat and text completions share: how tokens are chosen and where the answer ends.</summary>
public sealed record SamplingFields
{
    private const int MaxChoices = 16384;
    private const int MaxStops = 4;

    public required SamplingParameters Parameters { get; init; }

    /// <summary>What the request said; null is the default of the endpoint.</summary>
    public int? MaxTokens { get; init; }

    public int Choices { get; init; } = 1;

    public IReadOnlyList<string> Stop { get; init; } = [];

    public bool IncludeStop { get; init; }

    public bool SkipSpecialTokens { get; init; } = true;

    public IReadOnlyList<string> BadWords { get; init; } = [];

    public int? TruncatePromptTokens { get; init; }

    public bool TruncateLeft { get; init; } = true;

    public int Priority { get; init; }

    public string? CacheSalt { get; init; }

    public string? RequestId { get; init; }

    public bool ReturnTokenIds { get; init; }

    public bool ReturnPromptText { get; init; }

    public bool TokensAsTokenIds { get; init; }

    public bool Echo { get; init; }

    public bool Stream { get; init; }

    public bool IncludeUsage { get; init; }

    public bool ContinuousUsage { get; init; }

    /// <exception cref="ApiException">A field has the wrong type or a value out of its range.</exception>
    public static SamplingFields Read(Fields body, SamplingDefaults defaults, string maxTokensField, int? maxTokens, ServerLimits limits)
    {
        RefuseUnsupported(body);
        double temperature = body.Number("temperature") ?? defaults.Temperature, topP = body.Number("top_p") ?? defaults.TopP;
        double minP = body.Number("min_p") ?? defaults.MinP, repetition = body.Number("repetition_penalty") ?? defaults.RepetitionPenalty;
        double presence = body.Number("presence_penalty") ?? 0, frequency = body.Number("frequency_penalty") ?? 0;
        long topK = body.Integer("top_k") ?? defaults.TopK, choices = body.Integer("n") ?? 1, minTokens = body.Integer("min_tokens") ?? 0;
        long? seed = body.Integer("seed");
        IReadOnlyList<string> stop = body.TextOrList("stop", MaxStops) ?? [], badWords = body.TextOrList("bad_words") ?? [];
        int? promptLogprobs = body.Int("prompt_logprobs"), truncate = body.Int("truncate_prompt_tokens");
        bool stream = body.Flag("stream") ?? false;

        Check(double.IsFinite(temperature), "temperature", "temperature must be a finite number, got {0}.", temperature);
        Check(temperature >= 0, "temperature", "temperature must be non-negative, got {0}.", temperature);
        Check(temperature <= 2, "temperature", "temperature must be in [0, 2], got {0}.", temperature);
        Check(topP is > 0 and <= 1, "top_p", "top_p must be in (0, 1], got {0}.", topP);
        Plain(topK >= -1, $"top_k must be 0 (disable), or at least 1, got {topK}.");
        Plain(minP is >= 0 and <= 1, $"min_p must be in [0, 1], got {PythonText.Float(minP)}.");
        Plain(presence is >= -2 and <= 2, $"presence_penalty must be in [-2, 2], got {PythonText.Float(presence)}.");
        Plain(frequency is >= -2 and <= 2, $"frequency_penalty must be in [-2, 2], got {PythonText.Float(frequency)}.");
        Plain(double.IsFinite(repetition), $"repetition_penalty must be a finite number, got {PythonText.Float(repetition)}.");
        Plain(repetition > 0, $"repetition_penalty must be greater than zero, got {PythonText.Float(repetition)}.");
        if (maxTokens is { } asked)
        {
            if (asked < 1) throw ApiException.Value(maxTokensField, $"max_tokens must be at least 1, got {asked}.", $"{asked}");
            if (asked > limits.MaxModelLength)
                throw ApiException.Value(maxTokensField, $"{maxTokensField}={asked} cannot be greater than max_model_len={limits.MaxModelLength}. Please request fewer output tokens.", $"{asked}");
        }
        Plain(minTokens >= 0, $"min_tokens must be greater than or equal to 0, got {minTokens}.");
        Plain(maxTokens is not { } most || minTokens <= most, $"min_tokens must be less than or equal to max_tokens={maxTokens}, got {minTokens}.");
        Plain(choices >= 1, $"n must be at least 1, got {choices}.");
        Plain(choices <= MaxChoices, $"n must be at most {MaxChoices}, got {choices}.");
        Plain(choices == 1 || temperature > 0, $"n must be 1 when using greedy sampling, got {choices}.");
        Plain(stop.All(s => s.Length > 0), "stop cannot contain an empty string.");
        Plain(badWords.All(s => s.Length > 0), $"bad_words cannot contain an empty string. Got bad_words=[{string.Join(", ", badWords.Select(w => $"'{w}'"))}]");
        if (promptLogprobs is { } count)
        {
            if (stream && count is > 0 or -1) throw ApiException.Value("prompt_logprobs", "`prompt_logprobs` are not available when `stream=True`.");
            if (count < -1) throw ApiException.Value("prompt_logprobs", "`prompt_logprobs` must be a positive value or -1.", $"{count}");
            limits.CheckLogprobs("prompt", "prompt_logprobs", count);
        }
        Fields? streamOptions = body.Object("stream_options");
        if (streamOptions is not null && !stream) throw ApiException.Value("stream_options", "Stream options can only be defined when `stream=True`.");
        if (truncate is < -1) throw ApiException.Schema("body.truncate_prompt_tokens", "greater_than_equal", "Input should be greater than or equal to -1");
        if (truncate > limits.MaxModelLength)
            throw ApiException.Value("truncate_prompt_tokens", $"truncate_prompt_tokens={truncate} cannot be greater than max_model_len = {limits.MaxModelLength}. Please request a smaller truncation size.", $"{truncate}");
        if (body.Element("cache_salt") is { } salt && (salt.ValueKind != JsonValueKind.String || salt.GetString()!.Length == 0))
            throw ApiException.Value("cache_salt", "Parameter 'cache_salt' must be a non-empty string if provided.");

        return new SamplingFields
        {
            Parameters = new SamplingParameters
            {
                Temperature = (float)temperature,
                TopP = (float)topP,
                TopK = (int)Math.Min(topK, int.MaxValue),
                MinP = (float)minP,
                RepetitionPenalty = (float)repetition,
                PresencePenalty = (float)presence,
                FrequencyPenalty = (float)frequency,
                Seed = seed is null or -1 ? null : (ulong)seed,
                MinTokens = (int)Math.Min(minTokens, int.MaxValue),
                IgnoreEos = body.Flag("ignore_eos") ?? false,
                StopTokenIds = body.Integers("stop_token_ids") ?? [],
                LogitBias = LogitBias(body, limits),
                AllowedTokenIds = Allowed(body, limits),
                PromptLogprobs = promptLogprobs,
                LogprobsMode = limits.LogprobsMode,
            },
            MaxTokens = maxTokens,
            Choices = (int)choices,
            Stop = stop,
            IncludeStop = body.Flag("include_stop_str_in_output") ?? false,
            SkipSpecialTokens = body.Flag("skip_special_tokens") ?? true,
            BadWords = badWords,
            TruncatePromptTokens = truncate,
            TruncateLeft = body.Text("truncation_side") is null or "left",
            Priority = body.Int("priority") ?? 0,
            CacheSalt = body.Text("cache_salt"),
            RequestId = body.Text("request_id"),
            ReturnTokenIds = body.Flag("return_token_ids") ?? false,
            ReturnPromptText = body.Flag("return_prompt_text") ?? false,
            TokensAsTokenIds = body.Flag("return_tokens_as_token_ids") ?? false,
            Echo = body.Flag("echo") ?? false,
            Stream = stream,
            IncludeUsage = streamOptions?.Flag("include_usage") ?? false,
            ContinuousUsage = streamOptions?.Flag("continuous_usage_stats") ?? false,
        };
    }

    // Fields that change the answer and that this build cannot honour. Neutral values pass.
    private static void RefuseUnsupported(Fields body)
    {
        if (body.Flag("use_beam_search") == true)
        {
            if (body.Flag("stream") == true) throw ApiException.Bad(null, "Streaming is not currently supported with beam search");
            throw ApiException.NotImplemented("use_beam_search");
        }
        foreach (string field in (string[])["structured_outputs", "logprob_token_ids", "repetition_detection", "kv_transfer_params", "ec_transfer_params", "vllm_xargs", "thinking_token_budget"])
            if (body.Has(field)) throw ApiException.NotImplemented(field);
        if (body.Object("response_format") is { } format && format.Text("type") is not "text") throw ApiException.NotImplemented("response_format");
        if (body.Integer("stream_interval") is { } interval)
        {
            if (interval < 1) throw ApiException.Schema("body.stream_interval", "greater_than_equal", "Input should be greater than or equal to 1");
            if (interval > 1) throw ApiException.NotImplemented("stream_interval");
        }
    }

    private static KeyValuePair<int, float>[] LogitBias(Fields body, ServerLimits limits)
    {
        if (body.Object("logit_bias") is not { } bias) return [];
        List<KeyValuePair<int, float>> entries = [];
        List<string> bad = [], unknown = [];
        foreach (JsonProperty property in bias.Properties())
        {
            double value = bias.Number(property.Name) ?? 0;
            if (!int.TryParse(property.Name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int id)) bad.Add($"'{property.Name}'");
            else if (id < 0 || id >= limits.Vocabulary) unknown.Add(property.Name);
            else entries.Add(new(id, (float)Math.Clamp(value, -100, 100)));
        }
        if (bad.Count > 0) throw ApiException.Value("logit_bias", $"logit_bias contains key(s) that cannot be converted to integer token IDs: [{string.Join(", ", bad)}]");
        if (unknown.Count > 0) throw ApiException.Value("logit_bias", $"token_id(s) [{string.Join(", ", unknown)}] in logit_bias contain out-of-vocab token ids. Vocabulary size: {limits.Vocabulary}");
        return [.. entries];
    }

    private static int[]? Allowed(Fields body, ServerLimits limits)
    {
        int[]? allowed = body.Integers("allowed_token_ids");
        if (allowed is null) return null;
        string value = $"[{string.Join(", ", allowed)}]";
        if (allowed.Length == 0) throw ApiException.Value("allowed_token_ids", "allowed_token_ids is not None and empty!", value);
        if (allowed.Any(id => id < 0 || id >= limits.Vocabulary)) throw ApiException.Value("allowed_token_ids", "allowed_token_ids contains out-of-vocab token id!", value);
        return allowed;
    }

    private static void Check(bool holds, string param, string message, double value)
    {
        if (!holds) throw ApiException.Value(param, string.Format(CultureInfo.InvariantCulture, message, PythonText.Float(value)), PythonText.Float(value));
    }

    private static void Plain(bool holds, string message)
    {
        if (!holds) throw ApiException.Bad(null, message);
    }
}
