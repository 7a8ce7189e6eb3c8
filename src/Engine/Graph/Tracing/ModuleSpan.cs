using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>A module's call within a trace: the operators from <paramref name="begin"/> to before <see cref="End"/> are its own.</summary>
/// <param name="module">Of one tensor to one.</param>
/// <param name="name">Dotted.</param>
/// <param name="begin">Index of its first operator.</param>
/// <param name="input">What it was given; the recording owns it.</param>
/// <param name="parent">The span around it.</param>
internal sealed class ModuleSpan(nn.Module<Tensor, Tensor> module, string name, int begin, NativeValue input, ModuleSpan? parent)
{
    public nn.Module<Tensor, Tensor> Module => module;
    public string Name => name;
    public int Begin => begin;
    public NativeValue Input => input;
    public ModuleSpan? Parent => parent;
    public int End { get; set; } = -1;
    public NativeValue Output { get; set; }
}
