using System.Reflection;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>
/// Remembers a module's buffers, parameters that its code may write, gradients and modes (of each of its modules), what it keeps and the
/// random generator; puts them back.
/// </summary>
internal sealed class ModuleMemory : IDisposable
{
    private readonly IDisposable generator;
    private readonly List<(nn.Module Module, bool Training)> modes = [];
    private readonly List<(Tensor Buffer, Tensor Value)> buffers = [];
    private readonly List<(Parameter Parameter, Tensor? Gradient)> gradients = [];

    private readonly List<(string Part, string Name, Tensor Buffer, Tensor Value)> unsaved = [];
    private readonly List<KeptField> kept;
    private readonly HashSet<string> states = [];

    public ModuleMemory(nn.Module module)
    {
        kept = KeptTensors.Of(module);
        generator = RandomState.Keep(Devices.Of(module));
        foreach (var part in module.modules().Prepend(module).Distinct()) modes.Add((part, part.training));
        var written = module.modules().Prepend(module).Any(ForwardCode.WritesTensors) ? module.parameters() : [];
        foreach (var buffer in module.buffers().Concat(written)) buffers.Add((buffer, buffer.detach().clone().DetachFromDisposeScope()));
        foreach (var (part, its) in module.named_modules().Prepend(("", module)).DistinctBy(m => m.Item2))
            foreach (var (name, buffer) in Unsaved(its))
            {
                buffers.Add((buffer, buffer.detach().clone().DetachFromDisposeScope()));
                unsaved.Add((part, name, buffer, buffers[^1].Value));
            }
        foreach (var parameter in module.parameters())
            gradients.Add((parameter, parameter.grad?.clone().DetachFromDisposeScope()));
    }

    /// <summary>There are buffers that no state_dict has.</summary>
    public bool HasUnsaved => unsaved.Count > 0;

    /// <summary>Those of them that have other numbers than they had, with the parts whose they are.</summary>
    public IEnumerable<(string Part, string Name)> Moved() => unsaved.Where(u => !u.Buffer.Equals(u.Value)).Select(u => (u.Part, u.Name)).ToList();

    /// <summary>Whether a buffer has other numbers than it had.</summary>
    public bool IsMoved(Tensor buffer) => buffers.Any(b => b.Buffer.Identity() == buffer.Identity() && !b.Buffer.Equals(b.Value));

    // TorchSharp 0.107 lists none that is not persistent, whatever it is asked.
    private static IEnumerable<(string Name, Tensor Buffer)> Unsaved(nn.Module module)
        => Buffers?.GetValue(module) is IEnumerable<(string Name, (Tensor Buffer, bool Persistent) Held)> all ? all.Where(b => !b.Held.Persistent).Select(b => (b.Name, b.Held.Buffer)) : [];

    private static readonly FieldInfo? Buffers = typeof(nn.Module).GetField("_internal_buffers", BindingFlags.Instance | BindingFlags.NonPublic);

    /// <summary>What a part keeps is its state: each run begins with what it had.</summary>
    public void IsState(string part) => states.Add(part);

    /// <summary>Buffers, states and modes as they were, and no gradients.</summary>
    public void PutBack()
    {
        using var noGrad = no_grad();
        foreach (var (buffer, value) in buffers) buffer.copy_(value);
        foreach (var (parameter, _) in gradients) parameter.grad = null;
        foreach (var (part, training) in modes) part.train(training); // a module before its own
        foreach (var field in kept.Where(k => states.Contains(k.PartName))) field.PutBack();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        PutBack();
        foreach (var field in kept) field.PutBack();
        using var noGrad = no_grad();
        foreach (var (parameter, gradient) in gradients)
            if (gradient is not null) parameter.grad = gradient;
        foreach (var (_, value) in buffers) value.Dispose();
        generator.Dispose();
    }
}
