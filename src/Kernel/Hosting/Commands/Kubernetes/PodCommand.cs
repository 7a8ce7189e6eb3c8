using System.CommandLine;
using Interactive.Kernel.Hosting.Kubernetes;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands.Kubernetes;

/// <summary><c>interactive k8s pod FILE --ranks N --meet HOST:PORT [-- ARGS]</c>: what a pod runs.</summary>
internal static class PodCommand
{
    private const int Interrupted = 128 + 2, Terminated = 128 + 15;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "a C# script (.csx)" };
        var ranks = new Option<int>("--ranks", "-n") { Description = "over all pods", Required = true };
        var here = new Option<int>("--ranks-per-pod") { Description = "of them", DefaultValueFactory = _ => 1 };
        var meet = new Option<string>("--meet")
        {
            Description = "HOST:PORT of the first pod, where the ranks find each other",
            Required = true,
        };
        var options = new ScriptOptions();
        var command = new Command("pod", "Runs the ranks of one pod; all of a job's find each other (MPICH).") { file, ranks, here, meet };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            var pod = PodRanks.Read(parsed.GetValue(ranks), parsed.GetValue(here), parsed.GetValue(meet)!,
                Environment.GetEnvironmentVariable);
            var script = ScriptFile.Open(parsed.GetValue(file)!);
            // Compiled once here, the ranks find it in the cache.
            try { if (!parsed.GetValue(options.NoCache)) script.Compile(options.IsRelease(parsed)); }
            catch (ScriptCompileException e)
            {
                Console.Error.WriteLine(e.Message);
                return CommandLine.Usage; // it will not compile on another try
            }
            var start = pod.Command([DotnetProgram.Path, typeof(PodCommand).Assembly.Location, "run", script.Path,
                "-c", options.IsRelease(parsed) ? "release" : "debug", "--", .. options.Read(parsed)]);
            start.Environment[ScriptCache.RankVariable] = "1";
            using var meeting = pod.Index == 0 ? new RankMeeting(pod.Ranks, pod.Port) : null;
            if (meeting is null) pod.AwaitMeeting();
            return ChildProcess.Run(start) is var code and not (Interrupted or Terminated) ? code : PodRanks.GoesOn;
        });
        return command;
    }
}
