using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Quire.Server;

/// <summary>/v1/models: every name that requests may use, adapters with the model they belong to.</summary>
internal static class ModelsEndpoint
{
    public static void Map(IEndpointRouteBuilder app) => app.Only("GET", "/v1/models", Handle);

    private static Task Handle(HttpContext context)
    {
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        int longest = model.Engine.MaxModelLength;
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return JsonAnswer.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            foreach (string name in model.Names) WriteModel(json, name, model.Current!.Path, null, longest, now);
            foreach (Engine.Adapter adapter in model.Engine.Adapters) WriteModel(json, adapter.Name, adapter.Path, model.Names[0], null, now);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void WriteModel(Utf8JsonWriter json, string name, string root, string? parent, int? longest, long now)
    {
        json.WriteStartObject();
        json.WriteString("id", name);
        json.WriteString("object", "model");
        json.WriteNumber("created", now);
        json.WriteString("owned_by", "quire");
        json.WriteString("root", root);
        json.WriteString("parent", parent);
        if (longest is { } length) json.WriteNumber("max_model_len", length);
        else json.WriteNull("max_model_len");
        json.WriteStartArray("permission");
        json.WriteStartObject();
        json.WriteString("id", $"modelperm-{Guid.NewGuid():n}");
        json.WriteString("object", "model_permission");
        json.WriteNumber("created", now);
        json.WriteBoolean("allow_create_engine", false);
        json.WriteBoolean("allow_sampling", true);
        json.WriteBoolean("allow_logprobs", true);
        json.WriteBoolean("allow_search_indices", false);
        json.WriteBoolean("allow_view", true);
        json.WriteBoolean("allow_fine_tuning", false);
        json.WriteString("organization", "*");
        json.WriteNull("group");
        json.WriteBoolean("is_blocking", false);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
