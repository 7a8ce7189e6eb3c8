using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>Writes the steps of a compared trace as nodes of a graph: the engine's own ops where it has them, else libtorch's operators.</summary>
/// <param name="trace">Which agrees with itself.</param>
/// <param name="tensors">Of the module.</param>
/// <param name="builder">Of the graph.</param>
/// <param name="inputs">The graph's inputs.</param>
internal sealed class Lowering(TraceComparison trace, ModuleTensors tensors, GraphBuilder builder, IReadOnlyList<Value> inputs)
{
    private readonly Dictionary<TensorRef, Value> values = [];
    private readonly Dictionary<TensorRef, TensorRef> constants = []; // results and tensors of the trace that are the same each time
    private readonly HashSet<string> names = [];
    private readonly List<TraceStep> owed = []; // effects of steps that made no node

    /// <summary>Adds all nodes and returns the graph's outputs.</summary>
    public IReadOnlyList<Value> Run()
    {
        for (var i = 0; i < inputs.Count; i++) values[new(RefKind.Input, i)] = inputs[i];
        var needed = Needed();
        for (var i = 0; i < trace.First.Steps.Count; i++)
        {
            var step = trace.First.Steps[i];
            owed.AddRange(step.Effects);
            if ((Layer(i, needed) ?? Product(i, needed)) is { } steps)
            {
                i += steps - 1;
                continue;
            }
            if (step.GivesBack || !needed.Any(n => n.Index == i)) continue;
            try
            {
                if (step.Call is null) AddModule(i, step);
                else if (!IsConstant(i, step)) AddOperator(i, step, needed);
            }
            catch (GraphException e) { throw new TraceFailure(step.Span, e.Message); }
        }
        return [.. trace.First.Outputs.Select(o => values.TryGetValue(o[0], out var value) ? value : throw new TraceFailure(null, "an output does not depend on the input"))];
    }

    /// <summary>The results that lead to an output.</summary>
    private HashSet<TensorRef> Needed()
    {
        var needed = new HashSet<TensorRef>(trace.First.Outputs.Select(o => o[0]).Where(r => r.Kind == RefKind.Result));
        for (var i = trace.First.Steps.Count - 1; i >= 0; i--)
            if (needed.Any(n => n.Index == i))
                foreach (var tensor in trace.First.Steps[i].Tensors)
                    if (tensor[0].Kind == RefKind.Result) needed.Add(tensor[0]);
        return needed;
    }

    private void AddModule(int index, TraceStep step)
    {
        var (held, places, read) = (new Tensor?[step.Span!.Inputs.Length], new List<int>(), new List<Value>());
        var tensor = 0;
        for (var i = 0; i < held.Length; i++)
        {
            if (step.Span.Inputs[i].Tag != ValueTag.Tensor) continue;
            var reference = step.Tensors[tensor][0];
            if (!trace.IsTheSame(reference, trace.Second.Steps[index].Tensors[tensor++][0])) throw new TraceFailure(step.Span.Parent, $"{step.Span.Name} is given other numbers at another time");
            if (HeldBy(reference) is { } found) held[i] = found.Tensor;
            else
            {
                places.Add(i);
                read.Add(ValueOf(step, reference));
            }
        }
        if (read.Count == 0) throw new TraceFailure(step.Span.Parent, $"{step.Span.Name} reads nothing of the data");
        var extents = trace.Extents(index, 0);
        if (extents.All(e => e.PerSample == 0)) throw new TraceFailure(step.Span.Parent, $"{step.Span.Name} gives {string.Join('x', extents)}, whatever the number of samples");
        using var result = step.Results[0].ToTensor();
        var op = new Opaque(step.Span.Module, (AtenOp.OfSample(extents), result.dtype), trace.First.Recording.Overwrites(step.Span), trace.First.Recording.MovesBuffers(step.Span)) { Held = held, Places = places, Sizes = extents };
        values[new(RefKind.Result, index)] = builder.Add(op, Unused(step.Span.Name), [.. read]);
    }

    /// <summary>Adds a layer that is one op of the engine's, however many operators libtorch runs for it; the number of its steps, or null.</summary>
    private int? Layer(int index, HashSet<TensorRef> needed)
    {
        var all = trace.First.Steps;
        if (all[index].Span is not { Inputs: [{ Tag: ValueTag.Tensor } only] } span || index > 0 && all[index - 1].Span == span) return null;
        var steps = all.Skip(index).TakeWhile(s => s.Span == span && s.Call is not null).ToArray();
        var last = new TensorRef(RefKind.Result, index + steps.Length - 1);
        if (steps.Length == 0 || !needed.Contains(last) || steps.Any(s => !s.Call!.WithGradient) || !owed.TrueForAll(e => e.Span == span)) return null;
        if (KnownLayers.Find(span.Module, steps, tensors) is not { } layer || !values.TryGetValue(layer.Input, out var input) || !input.IsRows) return null;
        using Tensor given = only.ToTensor(), result = steps[^1].Results[0].ToTensor();
        if (!given.is_contiguous() || !result.is_contiguous() || !Gives(layer.Op, [input], trace.Extents(last.Index, 0), result.dtype)) return null;
        owed.Clear(); // the op counts for itself
        values[last] = builder.Add(layer.Op, Unused(span.Name), input);
        return steps.Length;
    }

    /// <summary>The same for a product with a parameter, which libtorch runs as several operators outside of any layer.</summary>
    private int? Product(int index, HashSet<TensorRef> needed)
    {
        if (owed.Count > 0 || KnownLayers.FindProduct(trace.First, index) is not { } product || !values.TryGetValue(product.Input, out var input) || !input.IsRows) return null;
        var last = new TensorRef(RefKind.Result, index + product.Steps - 1);
        var given = trace.First.Steps[index + 1].Call!.Tensors.ElementAt(product.InputAt);
        using Tensor read = given.ToTensor(), result = trace.First.Steps[last.Index].Results[0].ToTensor();
        var op = new Ops.Linear(HeldLayers.Linear(tensors.Parameters[product.Weight.Index].Tensor, product.Bias is { } bias ? tensors.Parameters[bias.Index].Tensor : null));
        if (!needed.Contains(last) || !read.is_contiguous() || !result.is_contiguous() || !Gives(op, [input], trace.Extents(last.Index, 0), result.dtype)) return null;
        values[last] = builder.Add(op, Unused(NameOf(trace.First.Steps[index], op)), input);
        return product.Steps;
    }

    private static bool Gives(Op op, List<Value> read, Extent[] extents, ScalarType type)
    {
        try
        {
            var (shape, itsType) = op.Infer(read);
            return itsType == type && op.Extents(read, shape).SequenceEqual(extents);
        }
        catch (GraphException) { return false; }
    }

    /// <summary>True for what is the same each time: made of constants alone, with no random numbers.</summary>
    private bool IsConstant(int index, TraceStep step)
    {
        if (AtenTraits.IsRandom(step.Call!.Name) || !step.Tensors.All(t => IsConstant(t[0]))) return false;
        var (first, second, evaluation) = (step.Results, trace.Second.Steps[index].Results, trace.Evaluation.Steps[index].Results);
        for (var i = 0; i < first.Count; i++)
        {
            Tensor a = first[i].ToTensor(), b = second[i].ToTensor(), c = evaluation[i].ToTensor();
            using (b)
            using (c)
                if (!TraceComparison.SameNumbers(a, b) || !TraceComparison.SameNumbers(a, c)) return false;
            constants[new(RefKind.Result, index, i)] = tensors.AddConstant(a.detach().DetachFromDisposeScope());
        }
        return true;
    }

    private bool IsConstant(TensorRef reference) => reference.Kind == RefKind.Constant || constants.ContainsKey(reference);

    private void AddOperator(int index, TraceStep step, HashSet<TensorRef> needed)
    {
        var wanted = Enumerable.Range(0, step.Results.Count).Where(part => needed.Contains(new(RefKind.Result, index, part))).ToArray();
        // Several results through which gradients flow are one node's: it runs once, forward and backward.
        var together = wanted.Where(part => IsFloat(TypeOf(step.Results[part])) && !LiesInItsInput(step, part)).ToArray();
        if (together.Length > 1) AddTogether(index, step, together);
        foreach (var part in wanted)
            if (together.Length < 2 || !together.Contains(part))
                values[new(RefKind.Result, index, part)] = Add(index, step, [part], [], trace.Extents(index, part), mayBeKnown: step.Results.Count == 1);
    }

    private void AddTogether(int index, TraceStep step, int[] parts)
    {
        if (parts.Select(part => TypeOf(step.Results[part])).Distinct().Count() > 1) throw new TraceFailure(step.Span, $"several results of {step.Name}, of other types, are read");
        var places = PackedPlace.InARow([.. parts.Select(part => (trace.Extents(index, part), OrderOf(step.Results[part])))])
            ?? throw new TraceFailure(step.Span, $"the numbers that {step.Name} gives follow the batch by no rule");
        var all = Add(index, step, parts, places, [places[0].Total], mayBeKnown: false);
        for (var i = 0; i < parts.Length; i++)
            values[new(RefKind.Result, index, parts[i])] = builder.Add(new PackedResult(places[i], i, places.Length), Unused($"{all.Name}.result{parts[i]}"), all);
    }

    private Value Add(int index, TraceStep step, int[] parts, PackedPlace[] places, Extent[] extents, bool mayBeKnown)
    {
        var read = new List<Value>();
        var arguments = new ArgumentReader(trace, this, step, trace.Second.Steps[index], trace.Evaluation.Steps[index]).Read(read);
        if (arguments.Any(a => a.FollowsBatch) && read.All(v => v.Extents.All(e => e.PerSample == 0))) read.Add(inputs[0]); // tells the batch
        var type = TypeOf(step.Results[parts[0]]);
        var isView = places.Length == 0 && IsView(step, parts[0], read, extents);
        var known = mayBeKnown ? Known(step, index, read, extents, type, isView) : null;
        var name = OutOfPlace(step);
        if (known is Ops.BatchNorm2d batchNorm) owed.RemoveAll(e => CountsBatches(e, (TorchSharp.Modules.BatchNorm2d)batchNorm.Module));
        var effects = owed.Select(e => new AtenCall(e.Call!.Name, e.Call.Overload, new ArgumentReader(trace, this, e, e, e).Read([]), e.Call.WithGradient)).ToArray();
        if (effects.Length > 0) known = null;
        owed.Clear();
        var op = known ?? new AtenOp(new AtenCall(name, step.Call!.Overload, arguments, step.Call.WithGradient), effects, extents, type, parts, places, read, isView, IsContiguous(step));
        return builder.Add(op, Unused(NameOf(step, op)), [.. read]);
    }

    private static long[] OrderOf(NativeValue value)
    {
        using var tensor = value.ToTensor();
        return PackedPlace.OrderOf(tensor);
    }

    private static bool IsFloat(ScalarType type) => type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    private static ScalarType TypeOf(NativeValue value)
    {
        using var tensor = value.ToTensor();
        return tensor.dtype;
    }

    private static bool CountsBatches(TraceStep effect, TorchSharp.Modules.BatchNorm2d module)
        => module.num_batches_tracked is { } counter && (nint)effect.Call!.Tensors.First().Payload == counter.Identity();

    private bool IsView(TraceStep step, int part, List<Value> read, Extent[] extents)
    {
        if (step.IsInPlace || read.Count != 1 || step.Tensors.Count == 0 || !step.Tensors[0][0].IsFlowing || IsConstant(step.Tensors[0][0])) return false;
        if (read[0].Extents.Any(e => e.PerSample != 0) && extents.All(e => e.PerSample == 0)) return false;
        if (read[0].Type != TypeOf(step.Results[part])) return false; // as parts of a complex number: gradients are of another type
        return LiesInItsInput(step, part);
    }

    private static bool LiesInItsInput(TraceStep step, int part)
    {
        if (step.Tensors.Count == 0) return false;
        using Tensor input = step.Call!.Tensors.First().ToTensor(), output = step.Results[part].ToTensor();
        return NativeValue.StorageOf(input) == NativeValue.StorageOf(output);
    }

    /// <summary>The operator that gives a new tensor in place of one that overwrites.</summary>
    private static string OutOfPlace(TraceStep step)
    {
        if (!step.IsInPlace) return step.Call!.Name;
        var name = step.Call!.Name[..^1];
        return OperatorCall.Exists(name, step.Call.Overload) ? name : throw new TraceFailure(step.Span, $"{step.Name} overwrites a tensor and has no twin that does not");
    }

    private Op? Known(TraceStep step, int index, List<Value> read, Extent[] extents, ScalarType type, bool isView)
    {
        if (!step.Call!.WithGradient || read.Count == 0) return null;
        if (step.Tensors.Any(t => IsConstant(t[0]))) return null;
        var name = step.IsInPlace ? step.Call.Name[..^1] : step.Call.Name;
        if (!KnownCalls.TakesAnyLayout(name) && !IsContiguous(step)) return null;
        var parameters = step.Tensors.Where(t => t[0].Kind == RefKind.Parameter).Select(t => t[0]).Distinct().ToArray();
        var owner = parameters.Length > 0 ? tensors.OwnerOf(parameters[0])?.Module : null;
        if (owner is not null && (parameters.Any(p => tensors.OwnerOf(p)?.Module != owner) || owner.parameters(false).Count() != parameters.Length)) owner = null;
        var (arguments, evaluation) = (Plain(step.Call), Plain(trace.Evaluation.Steps[index].Call!));
        // A number that follows the batch or the mode is none of an op's.
        if (!AreSame(arguments, Plain(trace.Second.Steps[index].Call!)) || !KnownCalls.FollowsMode(name) && !AreSame(arguments, evaluation)) return null;
        var call = new KnownCall([.. read], owner, step.Span?.Module, arguments, evaluation,
            [.. step.Call.Arguments.Select(ParameterOf)], step.Tensors.Count, isView);
        var op = KnownCalls.Find(name, call);
        return op is not null && Gives(op, read, extents, type) && (!KnownCalls.TakesAnyLayout(name) || RunsDirect(op, step)) ? op : null;
    }

    private static bool AreSame(object?[] a, object?[] b)
        => a.Length == b.Length && a.Zip(b).All(p => p is (long[] x, long[] y) ? x.AsSpan().SequenceEqual(y) : Equals(p.First, p.Second));

    private static bool RunsDirect(Op op, TraceStep step)
    {
        var read = step.Call!.Tensors.Select(value => value.ToTensor()).ToArray();
        try { return op is IDirect direct && direct.RunsDirect(read); }
        finally { foreach (var tensor in read) tensor.Dispose(); }
    }

    private Parameter? ParameterOf(NativeValue value)
        => value.Tag == ValueTag.Tensor && tensors.TryFind((nint)value.Payload, out var found) && found.Kind == RefKind.Parameter ? tensors.Parameters[found.Index].Tensor : null;

    // The engine's ops lay their results so; another layout would give what follows other bits.
    private static bool IsContiguous(TraceStep step)
    {
        foreach (var value in step.Call!.Tensors.Concat(step.Results))
        {
            using var tensor = value.ToTensor();
            if (!tensor.is_contiguous()) return false;
        }
        return true;
    }

    private static object?[] Plain(RecordedCall call) => [.. call.Arguments.Select((a, i) => call.Lists[i] is { } list ? list.All(e => e.Tag == ValueTag.Int) ? list.Select(e => e.Payload).ToArray() : null : Plain(a))];

    private static object? Plain(NativeValue value) => value.Tag switch
    {
        ValueTag.Int => value.Payload,
        ValueTag.Double => value.Number,
        ValueTag.Bool => value.Flag,
        ValueTag.String => value.Text,
        _ => null,
    };

    private string NameOf(TraceStep step, Op op)
    {
        var name = step.Tensors.Where(t => t[0].Kind == RefKind.Parameter).Select(t => tensors.OwnerOf(t[0])?.Name).FirstOrDefault() ?? step.Span?.Name ?? "";
        // A layer is called as in the module; what a net's own forward runs, after what it is.
        var isLayer = op.Module is not null || step.Span is { } span && span.Name == name && name.Length > 0 && !span.Module.children().Any();
        return isLayer && name.Length > 0 ? name : name.Length > 0 ? $"{name}.{op.Kind}" : op.Kind;
    }

    private string Unused(string name)
    {
        if (name.Length == 0) name = builder.Name;
        if (names.Add(name)) return name;
        for (var i = 1; ; i++)
            if (names.Add($"{name}_{i}")) return $"{name}_{i}";
    }

    /// <summary>The graph's value for a tensor that flows.</summary>
    public Value ValueOf(TraceStep step, TensorRef reference)
        => values.TryGetValue(reference, out var value) ? value : throw new TraceFailure(step.Span, $"{step.Name} reads what no node makes");

    /// <summary>The tensor that an argument holds, with its name; null for one that flows.</summary>
    public (Tensor Tensor, string Name)? HeldBy(TensorRef reference)
    {
        if (reference.Kind == RefKind.Constant && !constants.ContainsKey(reference)) constants[reference] = tensors.AddConstant(trace.First.Constants[reference.Index]);
        if (constants.TryGetValue(reference, out var constant)) reference = constant;
        return reference.IsFlowing ? null : (tensors.Of(reference), tensors.NameOf(reference));
    }
}
