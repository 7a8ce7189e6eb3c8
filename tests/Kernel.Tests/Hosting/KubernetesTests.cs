using System.Diagnostics;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Hosting.Commands.Kubernetes;
using Interactive.Kernel.Hosting.Kubernetes;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;
using k8s;
using k8s.Models;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// Manifests as they are written down beside this file, and pods that are processes of this machine: no cluster was at
/// hand.
/// </summary>
[Collection(ProcessWide.Name)]
public sealed class KubernetesTests
{
    private static readonly ClusterTraining training = new("fashion-mnist", "registry/interactive:1", "/work/train.csx",
        ["--epochs", "2"], 4, 2)
    { Queue = "research", Cpu = "8", Memory = "32Gi", Gpus = 2, Claim = "runs", Namespace = "vision" };

    private static string Golden(string kind)
        => File.ReadAllText(Path.Combine(ProjectFolder.Root, "tests", "Kernel.Tests", "Hosting", "Manifests", $"{kind}.yaml"));

    [Theory]
    [InlineData("job")]
    [InlineData("mpijob")]
    [InlineData("volcano")]
    public void The_manifest_is_this(string kind)
    {
        var (exit, output, error) = CapturedConsole.Run(() => InteractiveTool.Run(["k8s", "manifest", "/work/train.csx", "--job-name", "fashion-mnist", "--image", "registry/interactive:1", "--ranks", "4",
            "--ranks-per-pod", "2", "--kind", kind, "--queue", "research", "--cpu", "8", "--memory", "32Gi", "--gpus", "2", "--claim", "runs", "--namespace", "vision", "--", "--epochs", "2"]));
        Assert.Equal((0, ""), (exit, error));
        Assert.Equal(Golden(kind), output);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        var text = ManifestCommand.ToYaml(training, "job");
        var objects = KubernetesYaml.LoadAllFromString(text);
        Assert.Equal([typeof(V1Service), typeof(V1Job)], objects.Select(o => o.GetType()));
        Assert.Equal(text, KubernetesYaml.SerializeAll(objects));
        Assert.Equal(training.Pods, ((V1Job)objects[1]).Spec.Completions);

        text = ManifestCommand.ToYaml(training, "mpijob");
        var mpi = KubernetesYaml.Deserialize<MpiJob>(text);
        Assert.Equal(text, KubernetesYaml.SerializeAll([mpi]));
        Assert.Equal("interactive", mpi.Spec!.MpiReplicaSpecs!["Launcher"].Template!.Spec.Containers[0].Command[0]);

        text = ManifestCommand.ToYaml(training, "volcano");
        var volcano = KubernetesYaml.Deserialize<VolcanoJob>(text);
        Assert.Equal(text, KubernetesYaml.SerializeAll([volcano]));
        Assert.Equal(training.Pods, volcano.Spec!.MinAvailable);
    }

    [Theory]
    [InlineData("each pod needs as many", "k8s", "manifest", "a.csx", "--image", "i", "--ranks", "3", "--ranks-per-pod", "2")]
    [InlineData("--ranks 0: at least 1 is needed", "k8s", "manifest", "a.csx", "--image", "i", "--ranks", "0")]
    [InlineData("--job-name A_b", "k8s", "manifest", "a.csx", "--image", "i", "--ranks", "1", "--job-name", "A_b")]
    [InlineData("--memory much: write it as Kubernetes does", "k8s", "manifest", "a.csx", "--image", "i", "--ranks", "1", "--memory", "much")]
    [InlineData("'pods'", "k8s", "manifest", "a.csx", "--image", "i", "--ranks", "1", "--kind", "pods")]
    [InlineData("JOB_COMPLETION_INDEX is not set", "k8s", "pod", "a.csx", "--ranks", "1", "--meet", "a:1")]
    [InlineData("--meet a: HOST:PORT", "k8s", "pod", "a.csx", "--ranks", "1", "--meet", "a")]
    public void Bad_input_is_one_line(string says, params string[] arguments)
    {
        var (exit, _, error) = CapturedConsole.Run(() => InteractiveTool.Run(arguments));
        Assert.Equal(2, exit);
        Assert.Contains(says, Assert.Single(error.TrimEnd('\n').Split('\n')));
    }

    [Theory]
    [InlineData("JOB_COMPLETION_INDEX=1", 1)]
    [InlineData("VC_TASK_INDEX=1", 1)]
    [InlineData("JOB_COMPLETION_INDEX=2", null)] // of two pods
    [InlineData("JOB_COMPLETION_INDEX=first", null)]
    public void A_pod_knows_its_number(string variable, int? index)
    {
        PodRanks Read() => PodRanks.Read(4, 2, "host:9470", name => name == variable.Split('=')[0] ? variable.Split('=')[1] : null);
        if (index is null) Assert.Throws<UsageException>(Read);
        else Assert.Equal(new PodRanks(index.Value, 4, 2, "host", 9470), Read());
    }

    private const string Script = """
        using Interactive.Data; using Interactive.Graphs; using Interactive.Monitoring; using Interactive.Training;
        var data = new SyntheticData(160, new Shape(1, 8, 8), 4);
        TorchSharp.torch.manual_seed(1);
        var b = new GraphBuilder("net", data.Shape);
        new Trainer(b.Build(b.Input.Flatten().Linear(4)), data, data, CommandLine.Parse(Args, new TrainerOptions { Name = "job", Epochs = 2, BatchSize = 8, CheckpointEvery = 10, Progress = false }), hooks: [new Slow()]).Run();
        class Slow : Hook
        {
            static readonly int pause = int.Parse(Environment.GetEnvironmentVariable("PAUSE") ?? "0");
            public override void AfterStep(Trainer trainer, TrainRecord record) => System.Threading.Thread.Sleep(pause);
        }
        """;

    // Two pods of a rank each. One is told to end, as when its node is taken: all save and end, to go on with the bits of
    // a run that was not cut.
    [SkippableFact, Trait("Speed", "slow")]
    public async Task Pods_find_each_other_and_go_on_after_one_is_taken()
    {
        Skip.If(!File.Exists("/usr/bin/mpirun.mpich"), "MPICH is not installed (mpich)");
        using var folder = new TemporaryFolder();
        var script = folder.Write("train.csx", Script);
        var (runs, uncut) = (Path.Combine(folder.Path, "runs"), Path.Combine(folder.Path, "uncut"));
        using (var free = new RankMeeting(0, 0)) Port = free.Port;

        Process[] pods = [Pod(1, script, runs, pause: 100), Pod(0, script, runs, pause: 100)]; // the first one comes later
        for (var patience = Stopwatch.StartNew(); Steps(runs) < 12 && patience.Elapsed < TimeSpan.FromMinutes(2) && !pods.Any(p => p.HasExited);)
            await Task.Delay(100);
        // both, where they do not train: the other one waits for long
        using (var kill = Process.Start("kill", ["-TERM", $"{pods[0].Id}", .. Steps(runs) < 12 ? [$"{pods[1].Id}"] : Array.Empty<string>()])) await kill.WaitForExitAsync();
        Assert.Equal("99 99", string.Join(' ', await Task.WhenAll(pods.Select(End))));
        Assert.False(RunDirectory.Find(runs, "job").IsFinished);

        pods = [Pod(0, script, runs, pause: 0), Pod(1, script, runs, pause: 0)];
        Assert.Equal("0 0", string.Join(' ', await Task.WhenAll(pods.Select(End))));
        var (exit, _, error) = await InteractiveProcess.Run("launch", "-n", "2", "--mpi", "mpich", script, "--", "--out", uncut);
        Assert.True(exit == 0, error);
        Assert.Equal(Bits(uncut), Bits(runs));
    }

    private int Port { get; set; }

    private Process Pod(int index, string script, string runs, int pause)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ClusterTraining).Assembly.Location, "k8s", "pod", "--ranks", "2", "--meet", $"127.0.0.1:{Port}", script, "--", "--out", runs, "--resume"]);
        (start.Environment["JOB_COMPLETION_INDEX"], start.Environment["PAUSE"]) = ($"{index}", $"{pause}");
        return Process.Start(start)!;
    }

    private static async Task<int> End(Process process)
    {
        using (process)
        {
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
    }

    private static int Steps(string runs)
        => Directory.Exists(runs) ? Directory.GetFiles(runs, "metrics.jsonl", SearchOption.AllDirectories).Sum(f => File.ReadLines(f).Count()) : 0;

    private static byte[] Bits(string runs) => File.ReadAllBytes(Path.Combine(RunDirectory.Find(runs, "job").Checkpoints, "best.safetensors"));
}
