using System.CommandLine;
using System.Text.Json;
using Interactive.Collectives;
using Interactive.Collectives.Mpi;
using Interactive.Extensions.Display;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive rank-cells FILE</c>: one rank of a notebook's <c>#!mpirun</c> cell. Not for people.
/// </summary>
internal static class RankCellsCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE");
        var command = new Command("rank-cells", "Runs the cells that a notebook has written to a file.") { file };
        command.Hidden = true;
        command.SetAction(async (parsed, _)
            => await Run(JsonSerializer.Deserialize<RankCell[]>(File.ReadAllText(parsed.GetValue(file)!))!));
        return command;
    }

    private static async Task<int> Run(RankCell[] cells)
    {
        var isMain = ClusterEnvironment.Read() is not { Rank: > 0 };
        using var display = isMain
            && Environment.GetEnvironmentVariable(RankDisplay.SocketVariable) is { Length: > 0 } path
            ? new RankDisplay(path) : null;
        if (display is not null) DisplayHost.Current = display;
        using var session = new ScriptSession();
        ScriptResult? result = null;
        foreach (var cell in cells)
        {
            result = await session.RunAsync(cell.Code, cell.Name);
            if (result.Error is null) continue;
            Console.Out.Flush();
            // All ranks have the same code, so one speaks of what does not compile.
            if (result.Error is not ScriptCompileException || isMain)
                Console.Error.WriteLine(result.Error is ScriptCompileException or UsageException ? result.Error.Message
                    : ScriptTrace.Format(result.Error));
            Environment.ExitCode = ScriptHost.Failure;
            World.Fail(result.Error);
            return ScriptHost.Failure;
        }
        if (result is { HasValue: true, Value: { } value and not DisplayedValue }) display?.Return(value);
        Console.Out.Flush();
        return 0;
    }
}
