using System.Text.Json.Nodes;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Jupyter;

/// <summary>What a cell threw, as the protocol tells it.</summary>
internal static class CellError
{
    /// <summary>
    /// Name, message and traceback: the frames of cells and libraries, not the kernel's; of an interrupt and of bad
    /// input one line.
    /// </summary>
    public static JsonObject Describe(Exception error, bool interrupted)
    {
        var (name, message, trace) = error switch
        {
            _ when interrupted => ("Interrupted", "the cell was interrupted; what it had defined is kept", ""),
            ScriptCompileException compile
                => ("CompileError", compile.Diagnostics[0], string.Join('\n', compile.Diagnostics)),
            UsageException usage => ("UsageException", ScriptTrace.Message(usage), ScriptTrace.Message(usage)),
            _ => (ScriptTrace.Name(error.GetType()), ScriptTrace.Message(error), ScriptTrace.Format(error)),
        };
        if (trace.Length == 0) trace = $"{name}: {message}";
        return new()
        {
            ["ename"] = name, ["evalue"] = message, ["traceback"] =
            new JsonArray([.. trace.Split('\n').Select(line => (JsonNode)line.TrimEnd('\r'))])
        };
    }
}
