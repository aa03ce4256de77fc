using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Quire.OpenAI;

namespace Quire.Server;

/// <summary>/v1/load_lora_adapter and /v1/unload_lora_adapter: adapters come and go while requests run. Served with --enable-lora alone.</summary>
internal static class AdaptersEndpoint
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.Only("POST", "/v1/load_lora_adapter", Load);
        app.Only("POST", "/v1/unload_lora_adapter", Unload);
    }

    private static async Task Load(HttpContext context)
    {
        var body = new Fields(await RequestBody.Read(context));
        ModelHost model = context.RequestServices.GetRequiredService<ModelHost>();
        string name = Required(body, "lora_name"), path = Required(body, "lora_path");
        bool replace = body.Flag("load_inplace") ?? false;
        if (name.Length == 0 || path.Length == 0) throw UserError("Both 'lora_name' and 'lora_path' must be provided.");
        if (model.Names.Contains(name)) throw UserError($"The lora adapter '{name}' conflicts with a served base model.");
        QuireEngine engine = model.Engine;
        try
        {
            // Reading and packing takes a while and is no work of the request's thread.
            await Task.Run(() => engine.LoadAdapter(name, path, replace));
        }
        catch (QuireException e) when (e.Code == "adapter_exists")
        {
            throw UserError(e.Message);
        }
        catch (QuireException e) when (e.Code == "no_adapter")
        {
            throw new ApiException(404, "NotFoundError", null, $"Loading lora {name} failed: {e.Message}");
        }
        catch (QuireException e)
        {
            throw new ApiException(500, "InternalServerError", null, $"Call to add_lora method failed: Worker failed with error '{e.Message}', please check the stack trace above for the root cause");
        }
        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' added successfully.");
    }

    private static async Task Unload(HttpContext context)
    {
        var body = new Fields(await RequestBody.Read(context));
        string name = Required(body, "lora_name");
        if (name.Length == 0) throw UserError("'lora_name' needs to be provided to unload a LoRA adapter.");
        if (!context.RequestServices.GetRequiredService<ModelHost>().Engine.UnloadAdapter(name))
            throw new ApiException(404, "NotFoundError", null, $"The lora adapter '{name}' cannot be found.");
        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' removed successfully.");
    }

    private static string Required(Fields body, string name) => body.Text(name) ?? throw new ApiException(400, "Bad Request", $"body.{name}",
        $"1 validation error:\n  {{'type': 'missing', 'loc': 'body.{name}', 'msg': 'Field required', 'input': '<dict of {body.Count} items>'}}");

    private static ApiException UserError(string message) => new(400, "InvalidUserInput", null, message);
}
