using System.Text.Json;
using System.Text.Json.Nodes;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Jupyter;

/// <summary>What Jupyter needs to know to start the kernel.</summary>
internal static class KernelSpec
{
    /// <summary>Under which notebooks name the kernel.</summary>
    public const string Name = "interactive";

    /// <summary>How menus name it.</summary>
    public const string DisplayName = "C# (Interactive)";

    /// <summary>Writes the kernel's description.</summary>
    /// <param name="prefix">An installation such as /usr/local or a virtual environment; null is the user's own
    /// folder.</param>
    /// <returns>The folder it lies in.</returns>
    /// <exception cref="UsageException">It cannot be written there.</exception>
    public static string Install(string? prefix)
    {
        var folder = Path.Combine(prefix is null ? UserData()
            : Path.Combine(Path.GetFullPath(prefix), "share", "jupyter"), "kernels", Name);
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "kernel.json"),
                Describe().ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw new UsageException($"the kernel cannot be installed in {folder}: {e.Message}"); }
    }

    private static JsonObject Describe() => new()
    {
        ["argv"] = new JsonArray(DotnetProgram.Path, typeof(KernelSpec).Assembly.Location, "kernel",
            "--connection-file", "{connection_file}"),
        ["display_name"] = DisplayName,
        ["language"] = "C#",
        // A signal would reach the programs that a cell has started as well.
        // a message waits for a thread of the pool, which a parallel loop may hold for seconds
        ["interrupt_mode"] = "signal",
        ["metadata"] = new JsonObject { ["debugger"] = false },
    };

    // Where Jupyter looks for what belongs to a user.
    private static string UserData()
    {
        if (Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } own) return own;
        var data = Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } xdg ? xdg
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        return Path.Combine(data, "jupyter");
    }
}
