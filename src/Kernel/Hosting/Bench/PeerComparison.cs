using System.Text.Json.Serialization;
using Interactive.Memory;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>Each of PyTorch's checkpointed steps beside our plan for as many bytes.</summary>
/// <param name="PyTorch">What was measured there.</param>
/// <param name="Points">For each number of segments: the plan that fits the same bytes, null where none does.</param>
internal sealed record PeerComparison(PyTorchPeer PyTorch, IReadOnlyList<PeerComparison.Point> Points)
{
    /// <summary>
    /// The predicted cost of our plan for the peer's bytes; <paramref name="Overhead"/> is a share of our step without
    /// a plan.
    /// </summary>
    public sealed record Point(int Segments, long PeakBytes, double? Overhead);

    public static PeerComparison Make(PyTorchPeer peer, PlanningGraph graph, IPlanner planner) => new(peer,
        [.. peer.Checkpoints.Select(step =>
        {
            var plan = planner.Make(graph, step.PeakBytes);
            return new Point(step.Segments, plan?.Prediction.PeakBytes ?? 0, plan?.Overhead);
        })]);

    /// <summary>For people.</summary>
    [JsonIgnore]
    public IEnumerable<FormattableString> Lines =>
    [
        $"PyTorch {PyTorch.Version} on {PyTorch.Device}, {PyTorch.Threads} threads, oneDNN {(PyTorch.OneDnn ? "on" : "off")}, BLAS {PyTorch.Blas}, {PyTorch.Stages} stages",
        $"  plain       peak {PyTorch.Plain.PeakBytes / 1e6,8:F1} MB   step {PyTorch.Plain.Seconds * 1000,7:F0} ms",
        .. PyTorch.Checkpoints.Zip(Points, (FormattableString (theirs, ours) =>
            $"  {theirs.Segments,2} segments peak {theirs.PeakBytes / 1e6,8:F1} MB   step {theirs.Seconds * 1000,7:F0} ms, {theirs.Overhead:P1} more than its plain   our plan for these bytes: {(ours.Overhead is { } cost ? $"{ours.PeakBytes / 1e6:F1} MB, {cost:P1} more" : "none")}")),
    ];
}
