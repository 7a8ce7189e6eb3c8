using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>What a net is told of before its first step because a run would not show it: numbers that are hardly meant, states that no file keeps.</summary>
internal static class NetCautions
{
    /// <summary>One line each.</summary>
    public static IEnumerable<string> Of(Graph graph, int ranks) => [.. States(graph, ranks), .. Moves(graph, ranks), .. Slopes(graph), .. Norms(graph), .. Constants(graph)];

    // An evaluation runs the module too, and a checkpoint holds parameters and buffers.
    private static IEnumerable<string> States(Graph graph, int ranks) => graph.States.DistinctBy(s => s.Why)
        .Select(s => $"caution: {(s.Where.Length > 0 ? s.Where : graph.Name)}: {s.Why}; no checkpoint keeps that, so a resumed run begins it anew, "
            + $"evaluations move it{(ranks > 1 ? ", and each rank has its own, so the bits are not those of one rank" : "")}. Keep it in a buffer: register_buffer(name, tensor), and copy_ into it");

    private static IEnumerable<string> Moves(Graph graph, int ranks) => graph.MovesInEvaluation
        .Select(name => $"caution: the buffer {name} moves in evaluations too, so what the net gives depends on how often it was asked{(ranks > 1 ? ", and on how the ranks divide an evaluation" : "")}: write if (training) before what moves it");

    // TorchSharp 0.107 takes the middle one, which is right in evaluation.
    private static IEnumerable<string> Slopes(Graph graph)
    {
        var layers = graph.modules().OfType<TorchSharp.Modules.RReLU>().ToList();
        if (layers.Count > 0 ? layers.Any(l => l.training) : graph.Nodes.Any(n => n.Op.Kind == "rrelu"))
            yield return $"caution: {graph.Name} has random slopes (RReLU), of which TorchSharp takes the middle one in training too: it trains as nn.LeakyReLU((lower + upper) / 2)";
    }

    // TorchSharp 0.107 leaves them as memory was found, often as zeros or as another tensor's numbers.
    private static IEnumerable<string> Norms(Graph graph)
    {
        if (!graph.IsTraced) yield break;
        foreach (var (name, part) in graph.named_modules())
            if (part is TorchSharp.Modules.GroupNorm { weight: { } weight } && !Holds(weight, 1))
                yield return $"caution: the weights of {name}, a GroupNorm, are not ones: TorchSharp leaves them as they are found in memory; set them, unless they were set or loaded (nn.init.ones_ of its weight, nn.init.zeros_ of its bias)";
    }

    private static IEnumerable<string> Constants(Graph graph)
        => graph.named_parameters().Where(p => p.parameter.requires_grad && p.parameter.dim() > 1 && p.parameter.shape.Count(s => s > 1) > 1 && IsOneNumber(p.parameter)).Take(1)
            .Select(p => $"caution: all numbers of {p.name} are {First(p.parameter)}, so what it makes is alike and stays alike; TorchSharp's nn.init.trunc_normal_ gives that: write nn.init.normal_(w, 0, std) and clamp_(-2 * std, 2 * std)");

    private static bool IsOneNumber(Tensor tensor) => First(tensor) is not 0 and not 1 and var first && Holds(tensor, first);

    private static float First(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().flatten()[0].to(ScalarType.Float32).item<float>();
    }

    private static bool Holds(Tensor tensor, float number)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return tensor.detach().eq(number).all().item<bool>();
    }
}
