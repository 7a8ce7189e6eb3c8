using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>A module's call within a trace: the operators from <paramref name="begin"/> to before <see cref="End"/> are its own.</summary>
/// <param name="module">Of one to four tensors to one.</param>
/// <param name="name">Dotted.</param>
/// <param name="begin">Index of its first operator.</param>
/// <param name="inputs">What it was given, in order, with no tag what was absent; the recording owns them.</param>
/// <param name="parent">The span around it.</param>
internal sealed class ModuleSpan(nn.Module module, string name, int begin, NativeValue[] inputs, ModuleSpan? parent)
{
    public nn.Module Module => module;
    public string Name => name;
    public int Begin => begin;
    public NativeValue[] Inputs => inputs;
    /// <summary>The inputs that are there.</summary>
    public IEnumerable<NativeValue> Given => inputs.Where(i => i.Tag == ValueTag.Tensor);
    public ModuleSpan? Parent => parent;
    public int End { get; set; } = -1;
    public NativeValue Output { get; set; }
}
