using System.ComponentModel;
using Interactive.Data;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>How to train. Every property is also a command-line flag: <c>BatchSize</c> is <c>--batch-size</c>.</summary>
public sealed record TrainerOptions
{
    /// <summary>Name of the run; default <c>train</c>.</summary>
    [Description("name of the run")] public string Name { get; init; } = "train";
    /// <summary>Passes over the training set; default 3.</summary>
    [Description("passes over the training set")] public int Epochs { get; init; } = 3;
    /// <summary>Samples per optimiser step over all ranks; default 128.</summary>
    [Description("samples per step over all ranks")] public int BatchSize { get; init; } = 128;
    /// <summary>Parts in which a rank works off its share of a batch, adding gradients; default 1.</summary>
    [Description("micro-batches per step")] public int Accumulate { get; init; } = 1;
    /// <summary>One of <see cref="OptimizerList.Names"/>; default sgd.</summary>
    [Description("sgd, adam, adamw, rmsprop, adagrad, nadam, adafactor, lamb, lars or lion")] public string Optimizer { get; init; } = "sgd";
    /// <summary>Peak learning rate; default 0.1.</summary>
    [Description("peak learning rate")] public double LearningRate { get; init; } = 0.1;
    /// <summary>One of <see cref="Schedules.Names"/>; default onecycle.</summary>
    [Description("constant, cosine, restarts, linear, polynomial, exponential, step, onecycle or plateau")] public string Schedule { get; init; } = "onecycle";
    /// <summary>Share of the run that rises to the peak, 0 to 1 (onecycle has its own); default 0.</summary>
    [Description("share of the run that rises to the peak")] public double WarmUp { get; init; }
    /// <summary>Momentum of sgd, rmsprop and lars; default 0.9.</summary>
    [Description("momentum of sgd, rmsprop and lars")] public double Momentum { get; init; } = 0.9;
    /// <summary>Weight decay; default 5e-4.</summary>
    [Description("weight decay")] public double WeightDecay { get; init; } = 5e-4;
    /// <summary>Largest norm of all gradients together; 0 (default) for no clipping.</summary>
    [Description("largest gradient norm, 0 for none")] public double ClipNorm { get; init; }
    /// <summary>Measure the norm of all gradients of every step and log it, clipped or not; default false.</summary>
    [Description("log the norm of the gradients")] public bool LogGradientNorm { get; init; }
    /// <summary>Label smoothing of the default objective, 0 to 1; default 0.</summary>
    [Description("label smoothing")] public double LabelSmoothing { get; init; }
    /// <summary>Seed of the order, the augmentation and dropout; default 1.</summary>
    [Description("seed")] public ulong Seed { get; init; } = 1;
    /// <summary>
    /// Bits that do not depend on the number of ranks: 1, 2, 4, … ranks up to <see cref="Shards"/> give the same losses and
    /// parameters. Each shard of a batch runs on its own, and on one thread unless <see cref="Threads"/> says otherwise: how
    /// libtorch divides a sum among threads is part of its bits. Default false.
    /// </summary>
    [Description("same bits for any power of two of ranks")] public bool Deterministic { get; init; }
    /// <summary>Shards of a batch with <see cref="Deterministic"/>, a power of two; default 8.</summary>
    [Description("shards of a batch with --deterministic")] public int Shards { get; init; } = 8;
    /// <summary>
    /// Element type of products and of what lies between them: fp32 (default) or bf16, which needs about half of the bytes and, on processors
    /// that have units for it, less time. Parameters, their gradients and sums over ranks, the optimiser and the loss are fp32 in either case. With fp32 a
    /// graph keeps the <see cref="Graphs.Graph.Precision"/> that it has.
    /// </summary>
    [Description("element type of products: fp32 or bf16")] public Graphs.Precision Precision { get; init; } = Graphs.Precision.Float32;
    /// <summary>
    /// How pictures lie in memory between the net's input and its outputs: contiguous (default) or channels-last, in which convolutions
    /// take and give them without laying them anew. The last bits differ between the two: resume a run with the one it began with. With
    /// contiguous a graph keeps the <see cref="Graphs.Graph.MemoryFormat"/> that it has.
    /// </summary>
    [Description("how pictures lie in memory: contiguous or channels-last")] public Graphs.MemoryFormat MemoryFormat { get; init; } = Graphs.MemoryFormat.Contiguous;
    /// <summary>Threads of each rank; default 0: libtorch's choice, or 1 with <see cref="Deterministic"/>.</summary>
    [Description("threads of each rank, 0 to let libtorch choose")] public int Threads { get; init; }
    /// <summary>
    /// ZeRO (Rajbhandari et al., 2020): 0 (default), every rank keeps the whole optimiser state; 1, a rank keeps and steps one
    /// part of it and gathers the others' parameters; 2, a rank keeps only its part of the gradients too; 3, and of the parameters,
    /// which come before forward and again before backward need them. Ranks of one host share one copy of them.
    /// </summary>
    [Description("ZeRO stage: 0, 1 (optimiser state divided among ranks), 2 (gradients too) or 3 (parameters too)")] public int Zero { get; init; }
    /// <summary>
    /// How the ranks divide the model: <c>pipe=2,order=1f1b,micro=8</c> cuts it into stages, one a rank, through which a batch goes in
    /// micro-batches; <c>data=2,pipe=2</c> divides the batch as well; with <c>data=2,shard=linear</c> ranks that divide the batch have slices
    /// of linear layers; <c>auto</c> chooses, for <see cref="Memory"/> where that is given. The bits
    /// are those of one rank that works off the same micro-batches, but for sums over data ranks and slices. Empty (default): every rank has the whole model.
    /// </summary>
    [Description("how ranks divide the model: auto, parts of data=2,pipe=2,order=1f1b,micro=8, data=2,tensor=2 or data=2,shard=linear")] public string Layout { get; init; } = "";
    /// <summary>First layers of the stages from the second on, with commas between; empty (default) to choose.</summary>
    [Description("first layers of the stages from the second on")] public string Stages { get; init; } = "";
    /// <summary>Reduce gradients while backward still runs; default true. Off gives the same bits.</summary>
    [Description("reduce gradients while backward runs")] public bool Overlap { get; init; } = true;
    /// <summary>Least bytes of gradients that are reduced together; default 4 MiB. Any value gives the same bits.</summary>
    [Description("least bytes of gradients that are reduced together")] public long BucketBytes { get; init; } = 4 << 20;
    /// <summary>Threads that read batches; default 0: a quarter of the cores, at least one, or all but one where a GPU trains. Any number reads the same batches.</summary>
    [Description("threads that read batches, 0 for a choice")] public int Workers { get; init; }
    /// <summary>Where run directories are made; default <c>runs</c>.</summary>
    [Description("folder of run directories")] public string Out { get; init; } = "runs";
    /// <summary>Go on with the newest unfinished run of this name, if there is one.</summary>
    [Description("go on with the newest unfinished run")] public bool Resume { get; init; }
    /// <summary>Steps (<c>200</c>, the default), time (<c>10min</c>) or <c>auto</c> between checkpoints besides those at the end of each epoch; 0 for none.</summary>
    [Description("between checkpoints: steps, a time such as 10min, or auto; 0 for ends of epochs only")] public CheckpointInterval CheckpointEvery { get; init; } = 200;
    /// <summary>Mean time between failures of the whole job, for <c>--checkpoint-every auto</c>; default 24h.</summary>
    [Description("mean time between failures of the job, for --checkpoint-every auto")] public Duration Mtbf { get; init; } = TimeSpan.FromHours(24);
    /// <summary>Checkpoints kept besides the best; default 2.</summary>
    [Description("checkpoints kept besides the best")] public int KeepLast { get; init; } = 2;
    /// <summary>auto (default: a GPU where build and machine have one, else the CPU), cpu, cuda or cuda:N.</summary>
    [Description("auto, cpu, cuda or cuda:N")] public string Device { get; init; } = "auto";
    /// <summary>
    /// Bytes for activations, their gradients and workspace: a share of plain autograd's peak such as <c>"50%"</c>, or a size such
    /// as <c>"600MiB"</c>. None (default) keeps everything. The results have the same bits either way.
    /// </summary>
    [Description("bytes for activations: 50% of plain's, or 600MiB")] public Memory.MemoryBudget MemoryBudget { get; init; }
    /// <summary>
    /// All bytes that each process may hold, such as 4GiB, or auto: what its machine or memory cgroup has (CPU only). Activations get what
    /// parameters, gradients, optimiser state, batches and the runtime leave; where no plan fits, a batch is cut into more
    /// micro-batches, then the state is divided among ranks, and a line says so. Empty (default) for no limit.
    /// </summary>
    [Description("bytes for everything a process holds: 4GiB, or auto")] public string Memory { get; init; } = "";
    /// <summary>
    /// Serves the temporary tensors of a step from one block of memory, packed after the second step (CPU only). Off by
    /// default: what it gains in time depends on the allocator. The results have the same bits either way.
    /// </summary>
    [Description("serve a step's tensors from one preallocated block")] public bool Arena { get; init; }
    /// <summary>Stop after so many steps, as if interrupted; 0 (default) to train to the end.</summary>
    [Description("stop after so many steps, 0 for never")] public long MaxSteps { get; init; }
    /// <summary>
    /// Write <c>trace-rankN.json</c> into the run directory: each rank's timeline of forward, backward, optimiser and collective
    /// operations in Chrome's trace format, about 100 bytes a span. Default false.
    /// </summary>
    [Description("write each rank's timeline of computing and communication")] public bool Trace { get; init; }
    /// <summary>The metric by which the best model is chosen, or <c>loss</c>; by default the first metric.</summary>
    [Description("metric that chooses the best model")] public string BestBy { get; init; } = "";
    /// <summary>Evaluations without a better value of that metric after which the run ends; default 0: never.</summary>
    [Description("evaluations without a better model after which the run ends, 0 for never")] public int Patience { get; init; }
    /// <summary>Decay of a moving average of the parameters that is evaluated in their place, such as 0.999; default 0: none.</summary>
    [Description("decay of a moving average of the weights, 0 for none")] public double Ema { get; init; }
    /// <summary>Epochs from one evaluation to the next; the last epoch is evaluated whatever it is. Default 1.</summary>
    [Description("epochs from one evaluation to the next")] public int EvaluateEvery { get; init; } = 1;
    /// <summary>Samples that a rank evaluates at once; default 0: as many as a step trains, up to 256.</summary>
    [Description("samples evaluated at once, 0 to choose")] public int EvaluationBatchSize { get; init; }
    /// <summary>Show progress; default true.</summary>
    [Description("show progress")] public bool Progress { get; init; } = true;
    /// <summary>Augmentation of training images; none by default.</summary>
    [Description("augmentation of training images: none, or parts of pad=2,flip")] public Augmentation? Augmentation { get; init; }

    /// <summary>Whether so many epochs end with an evaluation.</summary>
    internal bool EvaluatesAfter(int epochs) => epochs % EvaluateEvery == 0 || epochs == Epochs;

    /// <summary>Gives a graph what is said of its numbers; what is not said stays as the graph has it.</summary>
    internal void Prepare(Graphs.Graph graph)
    {
        if (Precision != Graphs.Precision.Float32) graph.Precision = Precision;
        if (MemoryFormat != Graphs.MemoryFormat.Contiguous) graph.MemoryFormat = MemoryFormat;
    }

    /// <summary>Checks ranges once.</summary>
    /// <exception cref="UsageException">Something is out of range; the message names it.</exception>
    public TrainerOptions Validate()
    {
        Require(Epochs >= 1, nameof(Epochs), Epochs, "at least 1");
        Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        Require(Accumulate >= 1, nameof(Accumulate), Accumulate, "at least 1");
        Require(Threads is >= 0 and <= 1024, nameof(Threads), Threads, "1 to 1024, or 0 for libtorch's choice");
        Require(Shards >= 1 && int.IsPow2(Shards), nameof(Shards), Shards, "a power of two");
        if (Deterministic)
        {
            Require(Accumulate == 1, nameof(Accumulate), Accumulate, "1 with --deterministic, where each shard is a micro-batch");
            Require(BatchSize % Shards == 0, nameof(BatchSize), BatchSize, $"divisible by the {Shards} shards of --deterministic");
        }
        Require(LearningRate > 0, nameof(LearningRate), LearningRate, "more than 0");
        Require(WarmUp is >= 0 and < 1, nameof(WarmUp), WarmUp, "in [0, 1)");
        Require(Momentum is >= 0 and < 1, nameof(Momentum), Momentum, "in [0, 1)");
        Require(BucketBytes >= 1, nameof(BucketBytes), BucketBytes, "at least 1");
        Require(Zero is >= 0 and <= 3, nameof(Zero), Zero, "0, 1, 2 or 3");
        Require(Zero < 3 || Ema == 0, nameof(Ema), Ema, "0 with --zero 3, where no rank has all parameters of every step");
        Require(Zero == 0 || ClipNorm == 0, nameof(ClipNorm), ClipNorm, "0 with --zero, where no rank holds all gradients");
        Require(WeightDecay >= 0, nameof(WeightDecay), WeightDecay, "at least 0");
        Require(ClipNorm >= 0, nameof(ClipNorm), ClipNorm, "at least 0");
        Require(LabelSmoothing is >= 0 and < 1, nameof(LabelSmoothing), LabelSmoothing, "in [0, 1)");
        Require(double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "a finite number");
        Require(Patience >= 0, nameof(Patience), Patience, "at least 0");
        Require(Ema is >= 0 and < 1, nameof(Ema), Ema, "in [0, 1)");
        Require(EvaluateEvery >= 1, nameof(EvaluateEvery), EvaluateEvery, "at least 1");
        Require(EvaluationBatchSize >= 0, nameof(EvaluationBatchSize), EvaluationBatchSize, "at least 0");
        Require(MaxSteps >= 0, nameof(MaxSteps), MaxSteps, "at least 0");
        Require(!LogGradientNorm || Zero == 0, nameof(LogGradientNorm), LogGradientNorm, "off with --zero, where no rank holds all gradients");
        if (Layout.Length > 0)
        {
            Require(!Deterministic, nameof(Deterministic), Deterministic, "off with --layout, whose bits are those of one rank as they are");
            Require(Zero == 0, nameof(Zero), Zero, "0 with --layout, where each stage has its own optimiser state");
            Require(Accumulate == 1, nameof(Accumulate), Accumulate, "1 with --layout, which names its micro-batches: micro=N");
            Require(Ema == 0, nameof(Ema), Ema, "0 with --layout, where no rank has all parameters of every step");
            Require(!Arena, nameof(Arena), Arena, "off with --layout");
            Require(MemoryBudget.IsNone, nameof(MemoryBudget), MemoryBudget, "empty with --layout: --memory limits all that a rank holds");
        }
        else Require(Stages.Length == 0, nameof(Stages), Stages, "given with --layout");
        if (Memory.Length > 0 && !MemoryBudget.IsNone)
            throw new UsageException($"--memory {Memory} and --memory-budget {MemoryBudget}: choose one, everything that a process holds or its activations alone");
        Require(KeepLast >= 1, nameof(KeepLast), KeepLast, "at least 1");
        return this;
    }

    private static void Require(bool holds, string name, object given, string accepted)
    {
        if (!holds) throw new UsageException($"{CommandLine.Flag(name)} must be {accepted}, got {given}");
    }
}
