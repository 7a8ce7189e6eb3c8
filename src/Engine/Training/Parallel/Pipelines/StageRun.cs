using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Layouts;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Runs one stage of a rank: what comes from the neighbours, the stage's steps, what goes to the neighbours.
/// </summary>
internal sealed class StageRun : IDisposable
{
    private const int Tag = 8; // two for each stage behind it

    private readonly Stage stage;
    private readonly StageSchedule schedule;
    private readonly bool isLast;
    private readonly int before, after, me, number;
    private readonly MessageLink? link;
    private readonly Dictionary<int, MicroBatch> flying = [];
    private readonly Dictionary<(PassKind, int), WireTensor[]> posted = [];
    private IReadOnlyList<Batch> batches = [];
    private Func<int, double> scale = _ => 1;
    private Func<int, int, long>? stream;

    /// <param name="graph">The model.</param>
    /// <param name="schedule">What is run.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="isLast">The loss is this stage's.</param>
    /// <param name="uses">Where gradients of parameters of several uses go.</param>
    /// <param name="before">The rank of the stage before, or -1.</param>
    /// <param name="after">The rank of the stage after, or -1.</param>
    /// <param name="me">This rank.</param>
    /// <param name="link">To other ranks.</param>
    /// <param name="number">The stage's number.</param>
    public StageRun(Graph graph, StageSchedule schedule, IObjective objective, bool isLast,
        IReadOnlyDictionary<int, IReadOnlyList<(Parameter, Tensor)>> uses,
        int before, int after, int me, MessageLink? link, int number)
    {
        (this.schedule, stage, this.isLast, this.before, this.after, this.me, this.link, this.number) = (schedule,
            schedule.Stage, isLast, before, after, me, link, number);
        Executor = Executor.OfStage(graph, schedule, objective);
        Executor.Uses = uses;
    }

    /// <summary>Runs the stage's steps.</summary>
    public Executor Executor { get; }

    /// <summary>
    /// A step's micro-batches, what a gradient of each is multiplied by, and the random streams by micro-batch and
    /// node.
    /// </summary>
    public void Begin(IReadOnlyList<Batch> batches, Func<int, double> scale, Func<int, int, long> stream)
        => (this.batches, this.scale, this.stream) = (batches, scale, stream);

    /// <summary>Offers memory for what an action will read.</summary>
    public void Post(PipelineAction action)
    {
        var isForward = action.Pass == PassKind.F;
        var peer = isForward ? before : after;
        if (action.Pass == PassKind.W || peer < 0 || peer == me) return;
        posted[(action.Pass, action.Micro)] = [.. Taken(isForward).Select(v => WireTensor.Receive(link!, v, BatchOf(action.Micro), peer, TagOf(isForward ? number : number + 1, isForward), Name(v, action, "from", isForward ? number - 1 : number + 1)))];
    }

    /// <summary>Runs an action.</summary>
    /// <param name="action">What is run.</param>
    /// <param name="handed">Between stages of this rank: what an action hands to the next stage, by the pass and stage
    /// that take it.</param>
    /// <param name="losses">By micro-batch.</param>
    /// <returns>What is on its way to other ranks.</returns>
    public List<WireTensor> Run(PipelineAction action, Dictionary<(PassKind, int, int), Tensor?[]> handed,
        double[] losses)
    {
        if (action.Pass == PassKind.W) return Deferred(action.Micro);
        var isForward = action.Pass == PassKind.F;
        var peer = isForward ? before : after;
        var given = peer < 0 ? []
            : peer == me ? Handed()
            : posted.Remove((action.Pass, action.Micro), out var wires) ? Array.ConvertAll(wires, w => w.Take(link!))
            : [];
        using var scope = NewDisposeScope();
        var made = isForward ? Forward(action.Micro, given) : Backward(action.Micro, given, losses);
        var to = isForward ? after : before;
        if (to < 0) return [];
        if (to == me)
        {
            foreach (var tensor in made) tensor?.DetachFromDisposeScope();
            handed[(isForward ? PassKind.F : PassKind.BW, isForward ? number + 1 : number - 1, action.Micro)] = made;
            return [];
        }
        return [.. Given(isForward)
            .Select((v, i) => WireTensor.Send(link!, made[i], v, BatchOf(action.Micro), to,
            TagOf(isForward ? number + 1 : number, isForward),
            Name(v, action, "to", isForward ? number + 1 : number - 1)))];

        Tensor?[] Handed()
            => handed.Remove((isForward ? PassKind.F : PassKind.BW, number, action.Micro), out var tensors) ? tensors
            : throw new InvalidOperationException($"{action} of stage {number} is given nothing");
    }

    private Tensor?[] Forward(int micro, Tensor?[] given)
    {
        Executor.Stream = node => stream!(micro, node);
        var frame = flying[micro] = Executor.Take();
        frame.RunForward(batches[micro].Inputs, [.. given.Select(t => t!)]);
        Tensor?[] outputs = [.. stage.Outputs.Select(v => frame.Values.Find(v)!.alias())];
        foreach (var value in schedule.Freed) frame.Values.Free(value);
        frame.Detach();
        return outputs;
    }

    private Tensor?[] Backward(int micro, Tensor?[] given, double[] losses)
    {
        flying.Remove(micro, out var frame);
        Executor.Stream = node => stream!(micro, node);
        if (isLast && scale(micro) == 0) // the mean of nothing, but other ranks count on this one
            Executor.NoLoss(frame!);
        else if (isLast) losses[micro] = Executor.Loss(frame!, batches[micro].Targets, scale(micro));
        else
            foreach (var (value, tensor) in Taken(isForward: false).Zip(given))
                if (tensor is { } gradient) frame!.Gradients.Add(value, new SharedGradient(gradient));
        frame!.RunBackward();
        Tensor?[] gradients = [.. Given(isForward: false).Select(frame.Gradients.TakeInput)];
        foreach (var tensor in gradients) tensor?.DetachFromDisposeScope();
        if (schedule.BackwardEnd == schedule.Schedule.Steps.Count) Executor.Return(frame);
        else
        {
            frame.Detach();
            flying[micro] = frame;
        }
        return gradients;
    }

    private List<WireTensor> Deferred(int micro)
    {
        if (!flying.Remove(micro, out var frame)) return []; // backward has run whole
        using var scope = NewDisposeScope();
        using (no_grad()) frame.RunDeferred();
        Executor.Return(frame);
        return [];
    }

    // Forward takes in the stage's inputs and gives its outputs; backward takes in the outputs' gradients and gives the
    // inputs'.
    private Value[] Taken(bool isForward)
        => isForward ? [.. stage.Inputs] : [.. stage.Outputs.Where(v => v.NeedsGradient)];
    private Value[] Given(bool isForward)
        => isForward ? [.. stage.Outputs] : [.. stage.Inputs.Where(v => v.NeedsGradient)];

    private long BatchOf(int micro) => batches[micro].Inputs[0].shape[0];

    private static int TagOf(int stage, bool isForward) => Tag + 2 * stage + (isForward ? 0 : 1);

    private static string Name(Value value, PipelineAction action, string way, int stage) => $"{(action.Pass == PassKind.F ? value.Name : $"the gradient of {value.Name}")} of micro-batch {action.Micro} {way} stage {stage}";

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var frame in flying.Values) Executor.Return(frame);
        Executor.Dispose();
    }
}
