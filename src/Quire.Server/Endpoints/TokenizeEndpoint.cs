using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>/tokenize and /detokenize.</summary>
internal static class TokenizeEndpoint
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.Only("POST", "/tokenize", Tokenize);
        app.Only("POST", "/detokenize", Detokenize);
    }

    private static async Task Tokenize(HttpContext context)
    {
        JsonElement body = await RequestBody.Read(context);
        QuireEngine engine = Engine(context, body);
        TokenizeRequest request = TokenizeRequest.Read(body);
        string text = request.Chat is { } chat ? engine.RenderChat(chat) : request.Prompt!;
        int[] tokens = engine.Tokenizer.Encode(text, request.AddSpecialTokens);
        await JsonAnswer.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("count", tokens.Length);
            json.WriteNumber("max_model_len", engine.MaxModelLength);
            json.WriteStartArray("tokens");
            foreach (int token in tokens) json.WriteNumberValue(token);
            json.WriteEndArray();
            if (request.ReturnTokenTexts)
            {
                json.WriteStartArray("token_strs");
                foreach (int token in tokens) json.WriteStringValue(engine.Tokenizer.TokenText(token));
                json.WriteEndArray();
            }
            else
            {
                json.WriteNull("token_strs");
            }
            json.WriteEndObject();
        });
    }

    private static async Task Detokenize(HttpContext context)
    {
        JsonElement body = await RequestBody.Read(context);
        QuireEngine engine = Engine(context, body);
        var fields = new Fields(body);
        if (!fields.Has("tokens")) throw ApiException.Schema("body.tokens", "missing", "Field required");
        int[] tokens = fields.Integers("tokens")!;
        if (fields.Element("tokens")!.Value.EnumerateArray().Any(id => id.TryGetInt64(out long wide) && wide > uint.MaxValue))
            throw ApiException.Bad(null, "A token id is larger than any vocabulary.");
        int negative = Array.FindIndex(tokens, id => id < 0);
        if (negative >= 0) throw ApiException.Schema($"body.tokens.{negative}", "greater_than_equal", "Input should be greater than or equal to 0");
        string text = engine.Tokenizer.Decode(tokens, skipSpecialTokens: false);
        await JsonAnswer.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("prompt", text);
            json.WriteEndObject();
        });
    }

    private static QuireEngine Engine(HttpContext context, JsonElement body)
    {
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        model.Adapter(new Fields(body).Text("model"));
        return model.Engine;
    }
}
