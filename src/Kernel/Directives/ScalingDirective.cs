using Interactive.Extensions.Plots;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>
/// <c>#!scaling</c>: the sum over ranks measured here, or with <c>--simulate</c> training predicted on more ranks than
/// there are.
/// </summary>
internal sealed class ScalingDirective : IDirective
{
    private readonly EngineDirective measured = new("scaling", ["bench", "allreduce"], "-n 2 --sizes 64K,1M,16M",
        "measures the sum over ranks beside MPI's own", ScalingFigures.AllReduce);
    private readonly EngineDirective simulated = new("scaling", ["bench", "scaling"],
        "--simulate 32,128,512 --model resnet50", "predicts training on many ranks", ScalingFigures.Simulated);

    public string Name => measured.Name;
    public string Help => $"{measured.Help}; with {simulated.Help["#!scaling ".Length..]}";

    public Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
        => (call.Arguments.Any(a => a == "--simulate" || a.StartsWith("--simulate=")) ? simulated : measured).Run(call,
        cancellationToken);
}
