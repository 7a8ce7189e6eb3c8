using System.Runtime.InteropServices;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>
/// Makes a graph of any module by watching what it runs: twice in training, with other values and another batch, and once in
/// evaluation. What the runs do not agree on becomes one opaque node, as small a module as will do. The graph is then run beside the
/// module and must give its bits.
/// </summary>
internal sealed class Tracer(nn.Module module, IReadOnlyList<Tensor> examples, string name)
{
    private const long First = 2, Second = 3, Third = 4; // batches
    private static readonly Lock Gate = new();

    private readonly ModuleTensors tensors = new(TorchSharpFaults.WithItsTables(module ?? throw new ArgumentNullException(nameof(module))));
    private readonly HashSet<string> opaque = [];
    private readonly List<TraceNote> notes = [];
    private readonly List<TraceNote> states = [];
    private readonly SortedSet<string> moves = new(StringComparer.Ordinal); // buffers, in evaluation
    private bool looked;

    /// <summary>The graph.</summary>
    /// <exception cref="GraphException">The module cannot be run, or not even one opaque node can stand for it.</exception>
    public Graph Run()
    {
        // One net at a time: runs that are compared begin at the same state of libtorch's generator, which threads share.
        using var alone = Gate.EnterScope();
        RequireSamples();
        RequireFinite();
        TorchSharpFaults.RequireSoundLayers(module, name);
        using var plain = module is jit.ScriptModule ? ScriptExecutor.Plain() : null;
        using var memory = new ModuleMemory(module);
        foreach (var (part, its) in module.named_modules().Select(m => (m.name, m.module)).Prepend(("", module)).DistinctBy(m => m.Item2))
            if (ForwardCode.Varies(its) is { } why)
            {
                memory.IsState(part);
                if (ForwardCode.Counts(its) is { } writes) states.Add(new(part, writes));
                if (!opaque.Contains(part)) GiveUp(part, why);
            }
        if (KeptTensors.Has(module) || memory.HasUnsaved) WarmUp(memory);
        while (true)
        {
            if (opaque.Contains("")) return Whole(memory);
            try
            {
                var graph = Attempt(memory);
                if (TraceCheck.Differs(module, graph, Batch(Third, 7), memory) is not { } difference) return graph;
                GiveUp(Culprit(memory), difference);
            }
            catch (TraceFailure failure) { GiveUp(failure.Span, failure.Message); }
            finally { memory.PutBack(); }
        }
    }

    // A mask that the first run makes is there in later ones, as in a training; what each run makes anew is a state, which no graph has.
    private void WarmUp(ModuleMemory memory)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        try
        {
            ModuleCall.Run(module, Batch(First, 1));
            var kept = KeptTensors.Of(module);
            ModuleCall.Run(module, Batch(First, 1));
            foreach (var field in kept.Where(f => f.IsReplaced).DistinctBy(f => f.PartName))
            {
                memory.IsState(field.PartName);
                var keeps = $"its code keeps {field.Name} from one run to the next";
                states.Add(new(field.PartName, keeps));
                if (!opaque.Contains(field.PartName)) GiveUp(field.PartName, keeps);
            }
            foreach (var (part, buffer) in memory.Moved())
            {
                var writes = $"its code writes into {buffer}, a buffer that is not persistent";
                states.Add(new(part, writes));
                if (!opaque.Contains(part)) GiveUp(part, writes);
            }
            foreach (var batch in (long[])[Second, Third])
            {
                memory.PutBack();
                ModuleCall.Run(module, Batch(batch, 1));
            }
        }
        catch (Exception e) when (e is ExternalException or GraphException) { } // told by the trace, which runs it again
        finally { memory.PutBack(); }
    }

    private void RequireSamples()
    {
        foreach (var example in examples)
        {
            ArgumentNullException.ThrowIfNull(example);
            if (example.dim() == 0 || example.shape[0] == 0)
                throw new GraphException($"{name}: an example is a batch (samples, …) of at least one sample, got ({string.Join(", ", example.shape)})");
        }
        if (examples.Count == 0) throw new GraphException($"{name}: a trace needs an example for each input, got none");
    }

    private void RequireFinite()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (itsName, parameter) in tensors.Parameters)
            if (parameter.is_floating_point() && !parameter.isfinite().all().item<bool>())
                throw new GraphException($"{itsName} is not finite{(tensors.OwnerOf(new(RefKind.Parameter, tensors.Parameters.FindIndex(p => p.Name == itsName)))?.Module is TorchSharp.Modules.GroupNorm ? ": TorchSharp leaves the weights of a GroupNorm as they are found in memory, set them (nn.init.ones_, nn.init.zeros_)" : "")}");
    }

    /// <summary>The smallest module whose graph differs from it by itself, given what it is given in the whole; null where only the whole differs.</summary>
    private string? Culprit(ModuleMemory memory)
    {
        using var scope = NewDisposeScope();
        using var run = Record(memory, Batch(Third, 7), training: true);
        var seen = new HashSet<nn.Module>();
        foreach (var span in run.Spans.Where(s => s.End > s.Begin && s.Module != module).OrderBy(s => s.End - s.Begin))
        {
            if (!seen.Add(span.Module) || opaque.Any(name => $"{span.Name}.".StartsWith(name + ".", StringComparison.Ordinal))) continue;
            if (span.Inputs.Length != span.Given.Count()) continue; // it is not told by itself what was absent
            var alone = new Tracer(span.Module, [.. span.Given.Select(Copy)], span.Name);
            foreach (var name in opaque)
                if (name.StartsWith(span.Name + ".", StringComparison.Ordinal)) alone.opaque.Add(name[(span.Name.Length + 1)..]);
            if (alone.DiffersByItself()) return span.Name;
        }
        return null;
    }

    private static Tensor Copy(NativeValue value)
    {
        using var tensor = value.ToTensor();
        return tensor.detach().clone();
    }

    private bool DiffersByItself()
    {
        using var memory = new ModuleMemory(module);
        try { return TraceCheck.Differs(module, Attempt(memory), Batch(Third, 7), memory, ofInputs: true) is not null; }
        catch (Exception e) when (e is TraceFailure or GraphException or ExternalException) { return false; } // what cannot be traced or run by itself tells nothing
    }

    private void GiveUp(ModuleSpan? span, string why)
    {
        while (span is not null && opaque.Contains(span.Name)) span = span.Parent;
        GiveUp(span?.Name, why);
    }

    private void GiveUp(string? module, string why)
    {
        var where = module ?? "";
        if (!opaque.Add(where)) throw new GraphException($"{name}: {why}");
        notes.RemoveAll(n => where.Length == 0 || n.Where.StartsWith(where + ".", StringComparison.Ordinal));
        notes.Add(new TraceNote(where, why));
    }

    private Graph Whole(ModuleMemory memory)
    {
        var why = notes[^1].Why;
        Look(memory);
        var builder = Builder();
        var inputs = Inputs(builder);
        try
        {
            var seen = Ops.Opaque.Of(module, inputs);
            return builder.BuildTraced([builder.Add(seen.AsWhole(), name, inputs)], module, notes, states, [.. moves]);
        }
        catch (GraphException e) when (inputs.Length > 1 || module is not nn.Module<Tensor, Tensor>) { throw new GraphException($"{name} cannot be traced: {why}; nor be one node: {e.Message}"); }
    }

    // One that no trace came to.
    private void Look(ModuleMemory memory)
    {
        if (looked || module is jit.ScriptModule) return;
        using var scope = NewDisposeScope();
        ModuleRecording run;
        try { run = Record(memory, Batch(First, 1), training: true); }
        catch (Exception) { return; } // told by the node
        using (run) TorchSharpFaults.RequireSoundCalls(run);
        memory.PutBack();
    }

    private Value[] Inputs(GraphBuilder builder)
        => [.. examples.Select((e, i) => i == 0 ? builder.Input : builder.AddInput($"input{i + 1}", new Shape(e.shape[1..]), e.dtype))];

    private GraphBuilder Builder() => new(name, new Shape(examples[0].shape[1..]), examples[0].dtype);

    private Tensor[] Batch(long batch, long seed) => [.. examples.Select((e, i) => OtherBatch.Of(e, batch, seed + 100 * i))];

    private Graph Attempt(ModuleMemory memory)
    {
        using var scope = NewDisposeScope();
        using var first = Record(memory, Batch(First, 1), training: true);
        if (module is not jit.ScriptModule) TorchSharpFaults.RequireSoundCalls(first);
        looked = true;
        using var second = Record(memory, Batch(Second, 2), training: true);
        using var evaluation = Unlike(memory);
        moves.UnionWith(tensors.Buffers.Where(b => memory.IsMoved(b.Tensor)).Select(b => b.Name));
        var steps = new TraceSteps(first, tensors, opaque);
        var trace = new TraceComparison(steps, new TraceSteps(second, tensors, opaque, steps), new TraceSteps(evaluation, tensors, opaque, steps, evaluation: true), (First, Second));
        trace.Check();
        if (steps.Steps.All(step => step.GivesBack)) throw new GraphException($"{name} runs no operator, so there is nothing to train or to plan");
        var builder = Builder();
        return builder.BuildTraced(new Lowering(trace, tensors, builder, Inputs(builder)).Run(), module, notes, states, [.. moves]);
    }

    // Numbers of the other sign are the likeliest to take another course; not every module takes them.
    private ModuleRecording Unlike(ModuleMemory memory)
    {
        var inputs = Batch(First, 3);
        try { return Record(memory, [.. inputs.Select(i => i.is_floating_point() ? i.neg() : i)], training: false); }
        catch (GraphException) { return Record(memory, inputs, training: false); }
    }

    private ModuleRecording Record(ModuleMemory memory, Tensor[] inputs, bool training)
    {
        memory.PutBack();
        if (!training) module.eval();
        else if (!module.training) module.train();
        manual_seed(5);
        try { return new ModuleRecording(module, inputs); }
        catch (ExternalException e) { throw new GraphException($"{name} refuses {string.Join(", ", inputs.Select(i => $"({string.Join(", ", i.shape)})"))}: {e.Message.Split('\n')[0]}"); }
        catch (Exception e) when (!training && e is not GraphException) // in training it is the user's to see as it is; that it fails here alone is not
        {
            throw new GraphException($"{name} fails in evaluation: {e.GetType().Name}: {e.Message.Split('\n')[0]}");
        }
    }
}
