using System.CommandLine;
using System.Runtime.CompilerServices;
using Interactive.Collectives;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting;

/// <summary>Runs a command; what the user got wrong becomes one line on stderr and exit code 2.</summary>
internal static class CommandLine
{
    /// <summary>Exit code of bad input.</summary>
    public const int Usage = 2;

    private static readonly InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false };

    // A script's argument may begin with @.
    private static readonly ParserConfiguration parsing = new() { ResponseFileTokenReplacer = null };

    public static int Invoke(Command root, string[] args)
    {
        var parsed = root.Parse(args, parsing);
        if (parsed.Errors.Count == 0) return Guard(() => parsed.Invoke(configuration));
        var message = args.Length == 0 ? "a command is needed"
            : parsed.CommandResult.Command == root && root.Action is null ? $"there is no command {args[0]}"
            : string.Join(' ', parsed.Errors[0].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .TrimEnd('.');
        Console.Error.WriteLine($"{root.Name}: {message} (see {root.Name} {string.Join(' ', Path(parsed.CommandResult).Append("--help"))})");
        return Usage;
    }

    /// <summary>Runs an action; a <see cref="UsageException"/> becomes one line and exit code 2.</summary>
    public static int Guard(Func<int> action)
    {
        try { return action(); }
        catch (Exception e) when (IsUsage(e))
        {
            if (!World.IsJob) Console.Error.WriteLine($"interactive: {e.Message}");
            World.Fail(e);
            return Environment.ExitCode = Usage;
        }
        catch (Exception e) when (IsFullDisk(e))
        {
            // Our own stderr may be a file on that disk: it is no reason to end otherwise.
            if (!World.IsJob) LastWords.Write($"interactive: {e.Message.ReplaceLineEndings(" ")}");
            World.Fail(e);
            return Environment.ExitCode = FullDisk.ExitCode;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that may not be written: nothing that a stack would explain.
            Console.Error.WriteLine($"interactive: {e.Message.ReplaceLineEndings(" ")}");
            return Environment.ExitCode = ScriptHost.Failure;
        }
    }

    /// <summary>
    /// True for what the user got wrong. A method of its own: one that catches the exception by its type has the
    /// runtime load the engine's assembly at once, and a cached script starts sooner without.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool IsUsage(Exception e) => e is UsageException;

    /// <summary>True where a disk is full or read-only, which no stack would explain. A method of its own, as above.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool IsFullDisk(Exception e) => FullDisk.IsIn(e);

    /// <summary>
    /// The exit code of a run that was stopped from outside and has said so, or null. A method of its own, as above.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int? ExitCodeOfStop(Exception e)
        => e is Training.TrainingStoppedException stop ? stop.ExitCode : null;

    private static IEnumerable<string> Path(System.CommandLine.Parsing.CommandResult result) =>
        result.Parent is System.CommandLine.Parsing.CommandResult parent ? Path(parent).Append(result.Command.Name)
            : [];
}
