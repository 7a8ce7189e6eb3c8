using System.CommandLine;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive launch -n N FILE.csx [-- ARGS]</c></summary>
internal static class LaunchCommand
{
    public static Command Create()
    {
        var ranks = new Option<int>("--ranks", "-n") { Description = "how many ranks", Required = true };
        var mpi = new Option<string?>("--mpi") { Description = "openmpi or mpich (default: the first that is installed)" };
        mpi.AcceptOnlyFromAmong("openmpi", "mpich");
        var file = new Argument<string>("FILE") { Description = "a C# script" };
        var options = new ScriptOptions();
        var command = new Command("launch", "Runs a C# script on several MPI ranks.") { file };
        options.AddTo(command);
        command.Add(ranks);
        command.Add(mpi);
        command.SetAction(parsed =>
        {
            var script = ScriptFile.Open(parsed.GetValue(file)!);
            var (release, cache) = (options.IsRelease(parsed), !parsed.GetValue(options.NoCache));
            MpiFlavor? flavor = parsed.GetValue(mpi) switch { "openmpi" => MpiFlavor.OpenMpi, "mpich" => MpiFlavor.Mpich, _ => null };
            List<string> run = [DotnetProgram.Path, typeof(LaunchCommand).Assembly.Location, "run", script.Path, "-c", release ? "release" : "debug"];
            if (!cache) run.Add("--no-cache");
            var start = MpiLauncher.Command(parsed.GetValue(ranks), [.. run, "--", .. parsed.GetValue(options.Arguments) ?? []], flavor);
            // Compiled once here, the ranks find it in the cache, and an error is told once.
            try { if (cache) script.Compile(release); }
            catch (ScriptCompileException e)
            {
                Console.Error.WriteLine(e.Message);
                return ScriptHost.Failure;
            }
            return ChildProcess.Run(start);
        });
        return command;
    }
}
