using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.MpiWorker;

/// <summary>A short training over all ranks that prints each loss and a hash of every rank's parameters and running statistics.</summary>
static class TrainingRun
{
    /// <summary>A fine-tuning in one line, whose model's bits are printed by each rank.</summary>
    public static void FineTune(ICommunicator world, string folder, string[] arguments)
    {
        var options = CommandLine.Parse(arguments, FineTuning.Defaults with { Out = folder, Name = "tuned", Epochs = 2, BatchSize = 32, Progress = false });
        manual_seed(5); // the net that is tuned
        var shape = new Shape(1, 8, 8);
        var net = new GraphBuilder("pretrained", shape);
        var body = net.Input.Conv(8, 3, padding: 1).BatchNorm().Relu().Conv(8, 3, padding: 1).BatchNorm().Relu().MaxPool(2).Flatten();
        using var model = net.Build(body.Linear(10)).FineTune(new SyntheticData(200, shape, 3, seed: 1), options);
        Console.WriteLine($"rank {world.Rank} hash {Hash(model.Graph)}");
    }

    /// <summary>Of all that its state_dict holds.</summary>
    public static string Hash(Graph model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, tensor) in model.state_dict()) hash.AppendData(tensor.bytes);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <param name="world">The ranks.</param>
    /// <param name="folder">Where run directories are made.</param>
    /// <param name="withBatchNorm">A net with batch norm and dropout instead of a plain one.</param>
    /// <param name="arguments">Flags of <see cref="TrainerOptions"/>.</param>
    /// <param name="hidden">Width: 8192 makes checkpoints of 13 MB with adam.</param>
    public static void Run(ICommunicator world, string folder, bool withBatchNorm, string[] arguments, int hidden = 32)
    {
        manual_seed(5 + world.Rank); // ranks begin apart: rank 0's parameters must win
        var net = new GraphBuilder("ranks", new Shape(1, 8, 8));
        var x = net.Input.Conv(8, 3, padding: 1);
        x = withBatchNorm ? x.BatchNorm().Relu().Dropout(0.2) : x.Relu();
        Run(world, folder, net.Build(x.MaxPool(2).Flatten().Linear(hidden).Relu().Linear(4)), arguments);
    }

    /// <summary>The same with a net of (1, 8, 8) to 4 classes.</summary>
    public static void Run(ICommunicator world, string folder, Graph net, string[] arguments, IObjective? objective = null, params Hook[] hooks)
    {
        using var model = net;
        var shape = new Shape(1, 8, 8);
        var options = CommandLine.Parse(arguments, new TrainerOptions
        {
            Out = folder, Name = "ranks", Epochs = 2, BatchSize = 48, LearningRate = 0.05, Schedule = "cosine", CheckpointEvery = 10,
        });
        using var trainer = new Trainer(model, new SyntheticData(1200, shape, 4, seed: 1), new SyntheticData(96, shape, 4, seed: 2), options, objective, hooks: [new Print(world), .. hooks], communicator: world);
        trainer.Run();

        if (trainer.Strategy is PipelineParallel { Plan: var plan }) Console.WriteLine($"rank {world.Rank} defers {plan.Stages.Sum(s => s.Schedule.Schedule.Steps.Count - s.Schedule.BackwardEnd)}");
        if (trainer.Strategy is PipelineParallel pipeline) Console.WriteLine($"rank {world.Rank} held {pipeline.ActivationPeakBytes} of {pipeline.Plan.Ranks[world.Rank / (pipeline.Plan.Layout.Data * pipeline.Plan.Layout.Tensor)].ActivationPeakBytes}");
        Console.WriteLine($"rank {world.Rank} keeps {trainer.OptimizerBytes}");
        Console.WriteLine($"rank {world.Rank} hash {Hash(model)}");
    }

    /// <summary>A run in which rank 1 computes 30 ms longer a step.</summary>
    public static void Slow(ICommunicator world, string folder, string[] arguments)
    {
        var net = new GraphBuilder("slow", new Shape(1, 8, 8));
        Run(world, folder, net.Build(net.Input.Flatten().Linear(4)), arguments, Objective.From((output, target) =>
        {
            if (world.Rank == 1) Thread.Sleep(30);
            return nn.functional.cross_entropy(output, target);
        }));
    }

    /// <summary>
    /// Cross-entropy that kills, or stops, this process when it is asked for a gradient the 31st time: with four
    /// micro-batches in the third of step 8.
    /// </summary>
    public static IObjective DieLearning(bool stops = false)
    {
        const int Kill = 9, Stop = 19;
        var asked = 0;
        return Objective.From((output, target) =>
        {
            if (is_grad_enabled() && ++asked == 31) _ = kill(Environment.ProcessId, stops ? Stop : Kill);
            return nn.functional.cross_entropy(output, target);
        });
    }

    [DllImport("libc")] static extern int kill(int process, int signal);

    /// <summary>Kills this process, as the kernel would, as soon as the third file of this run is half written.</summary>
    public static void DieWriting(string folder)
    {
        new Thread(() =>
        {
            var seen = new HashSet<string>();
            while (true)
            {
                // A run's first checkpoints stay: there must be one to go on from.
                if (Directory.Exists(folder) && Directory.GetFiles(folder, "step-*.tmp", SearchOption.AllDirectories).FirstOrDefault() is { } file
                    && (seen.Add(file) || seen.Count > 2) && seen.Count > 2) Process.GetCurrentProcess().Kill();
            }
        })
        { IsBackground = true, Priority = ThreadPriority.Highest }.Start();
    }

    sealed class Print(ICommunicator world) : Hook
    {
        public override void BeforeRun(Trainer trainer) => Console.WriteLine($"rank {world.Rank} pid {Environment.ProcessId}");

        public override void AfterEvaluation(Trainer trainer, EvalRecord record)
        {
            if (trainer.IsMain) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"evaluation {record.Loss:R} {record.Accuracy:R}"));
        }

        public override void AfterStep(Trainer trainer, TrainRecord record)
        {
            if (trainer.IsMain) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {record.Step} loss {record.Loss:R}"));
        }
    }
}
