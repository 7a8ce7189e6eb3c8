namespace Interactive.Kernel.Scripting;

/// <summary>The <c>dotnet</c> program that belongs to the running runtime.</summary>
internal static class DotnetProgram
{
    public static string Path { get; } = Find();

    // The runtime lies in DOTNET_ROOT/shared/Microsoft.NETCore.App/VERSION.
    private static string Find()
    {
        var root = System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        var program = System.IO.Path.Combine(root, "dotnet");
        return File.Exists(program) ? program : "dotnet";
    }
}
