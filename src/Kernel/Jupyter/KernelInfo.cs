using System.Reflection;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Jupyter;

/// <summary>What the kernel tells about itself.</summary>
internal static class KernelInfo
{
    private static readonly Version since = new(5, 4);

    /// <param name="client">The protocol that the client speaks.</param>
    public static JsonObject Describe(Version? client)
    {
        var version = typeof(KernelInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
        return new()
        {
            ["status"] = "ok",
            ["protocol_version"] = client >= since ? WireFormat.LatestVersion : WireFormat.BaseVersion,
            ["implementation"] = "interactive",
            ["implementation_version"] = version,
            ["language_info"] = new JsonObject
            {
                ["name"] = "C#", ["version"] = "14.0", ["mimetype"] = "text/x-csharp", ["file_extension"] = ".csx",
                ["pygments_lexer"] = "csharp", ["codemirror_mode"] = "text/x-csharp",
            },
            ["banner"] = $"Interactive {version}: C# on .NET {Environment.Version}, with TorchSharp and the training engine at hand",
            ["help_links"] = new JsonArray(),
            ["debugger"] = false,
            ["supported_features"] = new JsonArray(),
        };
    }
}
