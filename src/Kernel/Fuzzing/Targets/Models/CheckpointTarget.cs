using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>The only checkpoint of a run, from which a trainer goes on.</summary>
internal sealed class CheckpointTarget : IFuzzTarget
{
    private const string Run = "run";
    private static readonly TrainerOptions options = new()
    {
        Name = Run,
        Epochs = 2,
        BatchSize = 4,
        Optimizer = "adam",
        Schedule = "constant",
        MaxSteps = 2,
        CheckpointEvery = 1,
        Progress = false,
        Device = "cpu",
        Threads = 1,
    };

    public string Name => "checkpoint";

    public string Write(string folder)
    {
        var runs = Path.Combine(folder, "runs");
        Train(options with { Out = runs });
        return Directory.GetFiles(runs, "step-*", SearchOption.AllDirectories).Single();
    }

    public void Read(string path)
    {
        // In a copy, so that each mutant finds the run as it was.
        var run = Path.GetFullPath(Path.Combine(path, "..", ".."));
        var copy = Directory.CreateDirectory(Path.Combine(run, "..", "..", "copy")).FullName;
        try
        {
            var checkpoints = Directory.CreateDirectory(Path.Combine(copy, Path.GetFileName(run), "checkpoints"))
                .FullName;
            File.Copy(path, Path.Combine(checkpoints, Path.GetFileName(path)));
            Train(options with { Out = copy, Resume = true });
        }
        finally { Directory.Delete(copy, recursive: true); }
    }

    public byte[] Seal(byte[] mutant) => SafetensorsChecksum.Mend(mutant);

    private static void Train(TrainerOptions options)
    {
        var said = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            manual_seed(1);
            var net = new GraphBuilder("net", new Shape(2));
            using var graph = net.Build(net.Input.Linear(2));
            var data = new SyntheticData(8, new Shape(2), 2);
            using var trainer = new Trainer(graph, data, data, options);
            trainer.Run();
        }
        finally { Console.SetOut(said); }
    }
}
