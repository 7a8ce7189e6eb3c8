using Interactive.Collectives;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting;

/// <summary>
/// Runs a script as a program, with dotnet-script's manners: its value is the exit code, what it throws goes to stderr.
/// </summary>
internal static class ScriptHost
{
    /// <summary>Exit code of a script that does not compile or throws.</summary>
    public const int Failure = 1;

    /// <summary>True for the path of a script: no option, command or notebook.</summary>
    public static bool IsPlain(string argument)
        => argument.EndsWith(".csx", StringComparison.Ordinal) && argument[0] is not ('-' or '@');

    /// <summary>
    /// Runs a script without arguments and options, as most are; bad input becomes one line and exit code 2.
    /// </summary>
    public static int RunPlain(string path)
        => CommandLine.Guard(()
        => NotebookHost.IsNotebook(path) ? NotebookHost.Run(path, [], output: null) : Run(ScriptFile.Open(path), []));

    /// <returns>The script's integer value, else 0; 1 when it does not compile or throws.</returns>
    public static int Run(ScriptFile script, IReadOnlyList<string> arguments, bool release = true, bool cache = true)
    {
        CompiledScript compiled;
        try { compiled = script.Compile(release, cache); }
        catch (ScriptCompileException e)
        {
            Console.Error.WriteLine(e.Message);
            return Failure;
        }
        using var metrics = MetricsPort.Open();
        if (ClusterEnvironment.Read() is not null) KeepLinesWhole();
        var context = new SubmissionContext();
        foreach (var path in compiled.Assemblies) context.AddAssembly(path);
        foreach (var path in compiled.Native) context.AddNative(path);
        try
        {
            using var reflection = context.EnterContextualReflection();
            // On this thread: the main one, as in a program.
            var value = Run(compiled.Submission.Load(context), new ScriptGlobals { Args = [.. arguments] });
            Console.Out.Flush();
            return Environment.ExitCode = value is int code ? code : Environment.ExitCode;
        }
        catch (Exception e) when (!CommandLine.IsUsage(e) && !CommandLine.IsFullDisk(e))
        {
            Console.Out.Flush();
            if (CommandLine.ExitCodeOfStop(e) is { } stopped) return Environment.ExitCode = stopped;
            Console.Error.WriteLine(ScriptTrace.Format(e));
            Environment.ExitCode = Failure;
            World.Fail(e);
            return Failure;
        }
    }

    // The ranks of a job share a terminal, where a number and its line end could be torn apart.
    private static void KeepLinesWhole()
    {
        Console.SetOut(TextWriter.Synchronized(new StreamTee(Console.Out, _ => { })));
        Console.SetError(TextWriter.Synchronized(new StreamTee(Console.Error, _ => { })));
    }

    private static object? Run(Func<object?[], Task<object?>> script, ScriptGlobals globals)
    {
        try { return script([globals, null]).GetAwaiter().GetResult(); }
        finally { globals.Owned.DisposeAll(); }
    }
}
