namespace Quire.Server;

/// <summary>system_fingerprint: equal where version, model and arithmetic are equal, so that seeds give equal answers.</summary>
internal static class Fingerprint
{
    public static string Of(QuireEngine engine)
    {
        uint hash = 2166136261;
        foreach (char c in $"{Path.GetFileName(engine.Path)}|{engine.Options.DType}|{engine.KvType}|{engine.WeightType}|{engine.MaxModelLength}") hash = (hash ^ c) * 16777619;
        return $"quire-{VersionEndpoint.Version}-{hash:x8}";
    }
}
