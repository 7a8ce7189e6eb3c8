using System.Diagnostics;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Tries on random numbers, with the real shapes and threads, which ways to run a node backward without autograd have
/// autograd's bits, and what each takes. Kernels choose the order of their sums by shape and threads, so what holds for
/// all numbers of one such gradient holds for the next. Nodes that do the same work are tried once.
/// </summary>
/// <param name="batch">Samples in a batch.</param>
/// <param name="enough">Temporary bytes that do not weigh: nothing smaller is looked for.</param>
internal sealed class GradientProbe(long batch, long enough)
{
    private const int MostRounds = 6;
    private const double LongEnough = 0.1; // seconds of backward, tries together: chance weighs little in a long one
    private const double Smaller = 0.9; // of the bytes of the smallest way so far
    private readonly Dictionary<string, GradientWays> known = [];

    /// <summary>The ways of a node. Its parameters have no gradients afterwards.</summary>
    public GradientWays Ways(Node node)
    {
        if (node.Op is not IBackwardInParts op || !node.Output.NeedsGradient || !Weighs(node)
            || node.Op.Parameters.All(p => !p.requires_grad)
            || node.Op.Parameters.Any(p => p.dtype != ScalarType.Float32)) return GradientWays.None;
        var key = NodeKind.Of(node);
        if (!known.TryGetValue(key, out var ways)) known[key] = ways = Try(node, op);
        return ways;
    }

    private bool Weighs(Node node)
        => node.Inputs[0].Bytes(batch) + node.Output.Bytes(batch)
        + 2 * node.Op.Parameters.Sum(p => p.numel() * p.element_size()) > enough;

    /// <summary>A way under trial.</summary>
    private sealed class Trial(int number, Device device, Action run)
    {
        public int Number => number;
        public long Workspace { get; private set; }
        public double Seconds { get; private set; } = double.PositiveInfinity;

        public void Run()
        {
            var meter = MemoryMeter.For(device);
            var before = meter.LiveBytes;
            meter.ResetPeak();
            Devices.Synchronize(device);
            var started = Stopwatch.GetTimestamp();
            run();
            Devices.Synchronize(device);
            Seconds = Math.Min(Seconds, Stopwatch.GetElapsedTime(started).TotalSeconds);
            Workspace = meter.PeakBytes - before;
        }
    }

    private GradientWays Try(Node node, IBackwardInParts op)
    {
        using var gone = new TrialGradients(node.Op.Parameters, make: false);
        using var scope = NewDisposeScope();
        var trained = node.Op.Parameters.Where(p => p.requires_grad).ToArray();
        var device = trained[0].device;
        var before = trained.Select(p => randn(p.shape, p.dtype, device)).ToArray();
        var shape = node.Inputs[0].Shape.WithBatch(node.Inputs[0].Rows(batch));
        using var input = Noise(shape, node.Inputs[0].Type, device);
        var wantsInput = node.Inputs[0].NeedsGradient;
        if (wantsInput) input.requires_grad_(true);
        using var bare = input.detach();
        var root = node.Op.Forward([input], new RunMode(Training: true, Masked: true));
        var gradient = Noise(root.shape, root.dtype, device);
        var like = BlankTensor.Of(input.shape, device, input.dtype);

        Tensor? made = null;
        var whole = new Trial(0, device, () => autograd.backward([root], [gradient], retain_graph: true));
        Give(trained, before);
        whole.Run();
        var (expected, expectedInput) = (trained.Select(p => p.grad!).ToArray(), input.grad);
        var parameters =
            Proven(op.ParameterWays(node, batch)
            .Select(n => new Trial(n, device, () => op.AddParameterGradients(bare, gradient, n))), () =>
            trained.Zip(expected).All(p => HasBits(p.First, p.Second)), () => Give(trained, before));
        if (parameters.Count == 0) return GradientWays.None;
        var inputs = !wantsInput ? []
            : Proven(op.InputWays(node, batch)
            .Select(n => new Trial(n, device, () => made = op.InputGradient(like, gradient, n))),
            () => SameBits(made!, expectedInput!), Drop);
        if (wantsInput && inputs.Count == 0) return GradientWays.None;

        // In turn, so that a machine whose speed drifts treats them alike.
        var rounds = Math.Min(MostRounds, (int)(LongEnough / whole.Seconds));
        for (var round = 0; round < rounds; round++)
        {
            input.grad = null;
            whole.Run();
            foreach (var trial in parameters) trial.Run();
            foreach (var trial in inputs)
            {
                trial.Run();
                Drop();
            }
        }
        return new GradientWays(Shares(parameters, 0, whole.Seconds),
            Shares(inputs, node.Inputs[0].Bytes(batch), whole.Seconds));

        void Drop()
        {
            made?.Dispose();
            made = null;
        }
    }

    // Making random numbers took longer than some trials. A prime's period: no two samples or channels are alike.
    private static Tensor Noise(long[] shape, ScalarType type, Device device)
    {
        const long Period = 1_000_003;
        var all = shape.Aggregate(1L, (a, b) => a * b);
        if (all <= Period) return randn(shape, type, device);
        using var few = randn(Period, type, device);
        using var many = few.repeat((all + Period - 1) / Period);
        using var cut = many.narrow(0, 0, all);
        return cut.view(shape);
    }

    private List<Trial> Proven(IEnumerable<Trial> trials, Func<bool> hasBits, Action prepare)
    {
        var proven = new List<Trial>();
        foreach (var trial in trials)
        {
            prepare();
            trial.Run();
            if (proven.Count > 0 && trial.Workspace > Smaller * proven.Min(t => t.Workspace) || !hasBits()) continue;
            proven.Add(trial);
            if (trial.Workspace <= enough) break;
        }
        prepare();
        return proven;
    }

    /// <summary>
    /// Without those that are neither faster nor smaller, seconds as shares of autograd's whole backward.
    /// </summary>
    private static BackwardWay[] Shares(List<Trial> trials, long resultBytes, double whole)
    {
        var ways = new List<BackwardWay>(); // from the smallest on: a bigger one must be worth its bytes
        foreach (var trial in trials.OrderBy(t => t.Workspace))
            if (ways.Count == 0 || trial.Seconds < (ways[0].Seconds - Worth) * whole)
                ways.Insert(0,
                    new BackwardWay(trial.Number, trial.Seconds / whole, Math.Max(0, trial.Workspace - resultBytes)));
        return [.. ways];
    }

    private const double Worth = 0.01; // of a backward: differences below it are the clock's

    private static void Give(Parameter[] parameters, Tensor[] gradients)
    {
        for (var i = 0; i < parameters.Length; i++)
            using (var copy = gradients[i].clone()) parameters[i].grad = copy; // which holds the bytes alone
    }

    private static bool HasBits(Parameter parameter, Tensor expected)
    {
        using var gradient = parameter.grad!;
        return SameBits(gradient, expected);
    }

    private static unsafe bool SameBits(Tensor a, Tensor b)
    {
        if (!IsPlain(a) || !IsPlain(b) || a.dtype != b.dtype) return a.Equals(b);
        const long Stretch = 1 << 30; // a span cannot describe more than 2^31 bytes
        byte* x = (byte*)ElementKernels.Data(a), y = (byte*)ElementKernels.Data(b);
        var all = a.numel() * a.element_size();
        for (long at = 0; at < all; at += Stretch)
        {
            var bytes = (int)Math.Min(Stretch, all - at);
            if (!new ReadOnlySpan<byte>(x + at, bytes).SequenceEqual(new ReadOnlySpan<byte>(y + at, bytes)))
                return false;
        }
        return true;

        static bool IsPlain(Tensor tensor) => tensor.device_type == DeviceType.CPU && tensor.is_contiguous();
    }
}
