using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>A recorded run as steps in which each tensor goes by a name that another run of the module gives it as well.</summary>
internal sealed class TraceSteps
{
    private readonly ModuleRecording recording;
    private readonly ModuleTensors tensors;
    private readonly Dictionary<nint, List<TensorRef>> names = [];
    private readonly Dictionary<nint, nint> storages = []; // of tensors seen
    private readonly Dictionary<nint, ModuleSpan?> stale = []; // overwritten through another tensor of the same storage, and where
    private readonly Dictionary<nint, TensorRef> numbers = []; // of constants
    private readonly HashSet<int> ofConstants = []; // steps

    /// <summary>Names the tensors of a run.</summary>
    /// <param name="recording">The run; must stay alive.</param>
    /// <param name="tensors">Of the module.</param>
    /// <param name="opaque">Names of modules that are not looked into.</param>
    /// <param name="guide">Another run's steps, which tell where an operator that gives back what it was given is a step of its own.</param>
    /// <param name="evaluation">The run is one in evaluation, in which a net may leave dropout out: there it gives back what it would be given.</param>
    /// <exception cref="TraceFailure">Operators in a row cannot say what ran.</exception>
    public TraceSteps(ModuleRecording recording, ModuleTensors tensors, IReadOnlySet<string> opaque, TraceSteps? guide = null, bool evaluation = false)
    {
        (this.recording, this.tensors) = (recording, tensors);
        this.guide = evaluation ? guide : null;
        for (var i = 0; i < recording.Inputs.Count; i++) Name(recording.Inputs[i].Identity(), StorageOf(recording.Inputs[i]), new(RefKind.Input, i), again: false);
        var effects = new List<TraceStep>();
        for (var call = 0; call < recording.Calls.Count;)
        {
            if (recording.Spans.FirstOrDefault(s => s.Begin == call && s.End > call && opaque.Contains(s.Name)) is { } span)
            {
                AddModule(span, effects);
                call = span.End;
            }
            else AddCall(call++, effects, guide);
        }
        AddLeftOut(null);
        Outputs = [.. recording.Outputs.Select(o => Find(new(o.Identity(), ValueTag.Tensor), null))];
    }

    public ModuleRecording Recording => recording;
    public List<TraceStep> Steps { get; } = [];
    /// <summary>The names by which each output goes.</summary>
    public IReadOnlyList<TensorRef[]> Outputs { get; }
    /// <summary>Tensors that came from outside, by the index of their names.</summary>
    public List<Tensor> Constants { get; } = [];

    private readonly TraceSteps? guide; // of a run in evaluation

    /// <summary>Adds the dropout that the guide has here and this run has not.</summary>
    private void AddLeftOut(RecordedCall? next)
    {
        while (guide is not null && Steps.Count < guide.Steps.Count && guide.Steps[Steps.Count] is { Call: { Name: "aten::dropout", Arguments: [_, _, { Flag: true }] } call, Tensors: [var read] } step && next?.Name != call.Name)
        {
            if (names.FirstOrDefault(n => n.Value.Contains(read[0])) is not { Key: not 0 } given) return;
            var input = new NativeValue(given.Key, ValueTag.Tensor); // the recording holds it
            given.Value.Add(new(RefKind.Result, Steps.Count));
            var passed = new RecordedCall(call.Name, call.Overload, [input, call.Arguments[1], NativeValue.Of(false)], call.WithGradient) { Results = [input] };
            Steps.Add(new(passed, step.Span, [[.. given.Value]], [input], []) { GivesBack = step.GivesBack });
        }
    }

    private static nint StorageOf(Tensor tensor) => NativeValue.StorageOf(tensor);

    private static nint StorageOf(NativeValue value)
    {
        using var tensor = value.ToTensor();
        return StorageOf(tensor);
    }

    private void AddModule(ModuleSpan span, List<TraceStep> effects)
    {
        TensorRef[][] given = [.. span.Given.Select(input => Find(input, span.Parent))];
        var output = span.Output;
        Name((nint)output.Payload, StorageOf(output), new(RefKind.Result, Steps.Count), again: true);
        Steps.Add(new(null, span, given, [output], [.. effects]));
        effects.Clear();
    }

    private void AddCall(int index, List<TraceStep> effects, TraceSteps? guide)
    {
        var call = recording.Calls[index];
        AddLeftOut(call);
        var span = recording.SpanOf(index);
        var step = new TraceStep(call, span, [.. call.Tensors.Select(t => Find(t, span))], [.. TraceStep.Flat(call.Results)], []);
        if (call.Name is CallRecorder.DataRead or "aten::item" or "aten::_local_scalar_dense" or "aten::is_nonzero" or "aten::equal" or "aten::allclose")
        {
            if (step.Tensors.All(t => !t[0].IsFlowing || IsOfConstants(t[0]))) return; // of a counter, or of a size that a TorchScript file reckons with
            if (call.Name == "aten::equal" && IsDecided(step)) return;
            throw new TraceFailure(span, $"{(call.Name == CallRecorder.DataRead ? "item or data" : call.Name[6..])} reads a value of the data, which may decide what runs");
        }
        if (WritesIntoIt(call.Overload)) throw new TraceFailure(span, $"{call.FullName} writes into a tensor that it is given");
        if (step.IsInPlace && step.Tensors is [var target, ..] && !target[0].IsFlowing)
        {
            if (target[0].Kind == RefKind.Parameter || step.Tensors.Any(t => t[0].IsFlowing))
                throw new TraceFailure(span, $"{call.Name[6..]} writes into {(target[0].Kind == RefKind.Constant ? "a tensor of the module's" : tensors.NameOf(target[0]))}");
            effects.Add(step);
            return;
        }
        var isKnown = step.Results is [var only] && names.ContainsKey((nint)only.Payload);
        var givesBack = isKnown && !step.IsInPlace && (guide is null || Steps.Count >= guide.Steps.Count || guide.Steps[Steps.Count].GivesBack);
        step = step with { Effects = [.. effects], GivesBack = givesBack };
        effects.Clear();
        for (var part = 0; part < step.Results.Count; part++)
        {
            var id = (nint)step.Results[part].Payload;
            var storage = StorageOf(step.Results[part]);
            if (givesBack) continue;
            if (step.IsInPlace)
            {
                names.Remove(id);
                foreach (var (other, where) in storages)
                    if (where == storage && other != id && SharedBytes.Any(other, id)) stale[other] = span;
                stale.Remove(id);
            }
            Name(id, storage, new(RefKind.Result, Steps.Count, part), again: isKnown && !step.IsInPlace);
        }
        if (step.Results.Count > 0 && !step.IsInPlace && !AtenTraits.IsRandom(call.Name) && step.Tensors.All(t => t[0].Kind == RefKind.Constant || IsOfConstants(t[0]))) ofConstants.Add(Steps.Count);
        Steps.Add(step);
    }

    // Attention asks whether query, key and value are one tensor: the same one is equal to itself, and one of other sizes is not, whatever the data.
    private static bool IsDecided(TraceStep step)
    {
        if (step.Tensors[0].Intersect(step.Tensors[1]).Any()) return true;
        using Tensor one = step.Call!.Tensors.First().ToTensor(), other = step.Call.Tensors.Last().ToTensor();
        return !one.shape.SequenceEqual(other.shape);
    }

    /// <summary>It is made of constants alone: nothing in the data can change it.</summary>
    public bool IsOfConstants(TensorRef reference) => reference.Kind == RefKind.Result && ofConstants.Contains(reference.Index);

    // As in div.out_mode and add.Tensor_out; not in to.dtype_layout.
    private static bool WritesIntoIt(string overload)
        => overload == "out" || overload.StartsWith("out_", StringComparison.Ordinal) || overload.EndsWith("_out", StringComparison.Ordinal);

    private void Name(nint tensor, nint storage, TensorRef name, bool again)
    {
        storages[tensor] = storage;
        if (again && names.TryGetValue(tensor, out var list)) list.Add(name);
        else names[tensor] = [name];
    }

    private TensorRef[] Find(NativeValue value, ModuleSpan? span)
    {
        var id = (nint)value.Payload;
        if (stale.TryGetValue(id, out var where)) throw new TraceFailure(where, "a tensor is read after it was overwritten in place through a view");
        if (names.TryGetValue(id, out var list)) return [.. list];
        if (tensors.TryFind(id, out var known)) return [known];
        if (Factory(value) is { } made) return [.. names[id] = made];
        if (!numbers.TryGetValue(id, out var number))
        {
            numbers[id] = number = new(RefKind.Constant, Constants.Count);
            Constants.Add(value.ToTensor());
        }
        return [number];
    }

    // What libtorch's factories (zeros, rand_like) give is a second tensor over the bytes of the operator's result.
    private List<TensorRef>? Factory(NativeValue value)
    {
        using var tensor = value.ToTensor();
        var storage = StorageOf(tensor);
        foreach (var (other, where) in storages)
            if (where == storage && !stale.ContainsKey(other) && names.TryGetValue(other, out var list) && list[0].Kind == RefKind.Result && Steps[list[0].Index] is { Call: not null, Tensors.Count: <= 1 })
            {
                using var twin = new NativeValue(other, ValueTag.Tensor).ToTensor();
                if (!twin.shape.SequenceEqual(tensor.shape) || !twin.stride().SequenceEqual(tensor.stride()) || twin.storage_offset() != tensor.storage_offset()) continue;
                storages[(nint)value.Payload] = storage;
                return list;
            }
        return null;
    }
}
