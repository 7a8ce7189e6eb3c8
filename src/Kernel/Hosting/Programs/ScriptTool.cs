using System.CommandLine;
using System.Runtime.InteropServices;
using Interactive.Kernel.Hosting.Commands;
using Interactive.Kernel.Scripting;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting;

/// <summary>The command line of <c>dotnet script</c>: a file and its arguments, or <c>eval CODE</c>.</summary>
public static class ScriptTool
{
    /// <returns>The script's exit code; 2 for bad input.</returns>
    public static int Run(string[] args)
    {
        Cultures.Choose();
        return args is [var script] && ScriptHost.IsPlain(script) ? ScriptHost.RunPlain(script) : Parse(args);
    }

    private static int Parse(string[] args)
    {
        // What follows the file is the script's, also without a --, unless it is an option of the tool.
        var file = new Argument<string?>("FILE") { Description = "a C# script", Arity = ArgumentArity.ZeroOrOne };
        var info = new Option<bool>("--info") { Description = "tells versions and folders" };
        var options = new ScriptOptions();
        var eval = EvalCommand.Create();
        var root = new RootCommand("Runs C# scripts, with the Interactive engine at hand.") { file, info, eval };
        options.AddTo(root);
        root.SetAction(parsed =>
        {
            if (parsed.GetValue(info)) return Info();
            if (parsed.GetValue(file) is not { } path)
                throw new UsageException("give a script: dotnet script FILE.csx [-- ARGS]");
            if (NotebookHost.IsNotebook(path)) return NotebookHost.Run(path, options.Read(parsed), output: null);
            return ScriptHost.Run(ScriptFile.Open(path), options.Read(parsed), options.IsRelease(parsed),
                !parsed.GetValue(options.NoCache));
        });
        args = args is ["eval", ..] ? ScriptArguments.Mark(args, eval, 1) : ScriptArguments.Mark(args, root, 0);
        return CommandLine.Invoke(root, args);
    }

    private static int Info()
    {
        Console.WriteLine($"Version             : {typeof(ScriptTool).Assembly.GetName().Version?.ToString(3)}");
        Console.WriteLine($"Location            : {AppContext.BaseDirectory}");
        Console.WriteLine($"Target framework    : net{Environment.Version.Major}.{Environment.Version.Minor}");
        Console.WriteLine($".NET version        : {Environment.Version}");
        Console.WriteLine($"Platform identifier : {RuntimeInformation.RuntimeIdentifier}");
        Console.WriteLine($"Cache               : {CacheFolder.Find()}");
        return 0;
    }
}
