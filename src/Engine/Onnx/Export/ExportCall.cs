using Interactive.Graphs;
using Interactive.Graphs.Tracing;
using Interactive.Runtime;

namespace Interactive.Onnx;

/// <summary>One of libtorch's operators about to be written, with its arguments.</summary>
/// <param name="file">Where it is written to.</param>
/// <param name="step">As it ran.</param>
/// <param name="second">As it ran with another batch.</param>
/// <param name="trace">Which tells what follows the batch.</param>
/// <param name="index">Of the step.</param>
/// <param name="names">Of the tensors that it reads, elements of lists singly.</param>
internal sealed class ExportCall(ExportFile file, TraceStep step, TraceStep second, TraceComparison trace, int index,
    IReadOnlyList<string> names)
{
    private readonly NativeValue[] arguments = step.Call!.Arguments;

    public ExportFile File => file;
    /// <summary>Base of the nodes' names.</summary>
    public int Index => index;
    public int Count => arguments.Length;

    /// <summary>True for a tensor that is there: one that is left out may be none or an empty handle.</summary>
    public bool IsTensor(int i) => i < arguments.Length && arguments[i].Tag == ValueTag.Tensor && names[Before(i)].Length > 0;

    /// <summary>The name of a tensor that it reads.</summary>
    public string this[int i] => IsTensor(i) ? names[Before(i)] : throw Cannot($"lacks a tensor as argument {i}");
    /// <summary>The same, or an empty text where it is left out.</summary>
    public string Maybe(int i) => IsTensor(i) ? this[i] : "";
    /// <summary>A tensor or a number, in the type of the result: libtorch computes with two types in one that holds both, ONNX not at all.</summary>
    public string As(int i) => As(i, ResultType());
    /// <summary>A tensor or a number in a type.</summary>
    public string As(int i, int type) => !IsTensor(i) ? file.Number(Number(i), type)
        : TypeOf(i) == type ? this[i] : Emit("Cast", [this[i]], ("to", (long)type));
    /// <summary>The names of a list's tensors.</summary>
    public string[] Names(int i) => [.. names.Skip(Before(i)).Take(step.Call!.TensorsOf(i).Count()).Where(n => n.Length > 0)];

    private int Before(int i) => Enumerable.Range(0, i).Sum(a => step.Call!.TensorsOf(a).Count());

    public bool IsFlag(int i) => i < arguments.Length && arguments[i].Tag == ValueTag.Bool;
    public bool IsList(int i) => i < arguments.Length && step.Call!.Lists[i] is not null;
    public int ListCount(int i) => step.Call!.Lists[i]!.Length;
    public bool IsNone(int i) => i >= arguments.Length || arguments[i].Tag == ValueTag.None;
    public bool Flag(int i) => i < arguments.Length && arguments[i].Tag == ValueTag.Bool && arguments[i].Flag;
    /// <summary>A number that is the same for every batch.</summary>
    public double Number(int i) => Of(arguments[i]) is var number && number.Equals(Of(second.Call!.Arguments[i])) ? number
        : throw Cannot("computes with a number that follows the batch");

    private double Of(NativeValue value) => value.Tag switch
    {
        ValueTag.Double => value.Number,
        ValueTag.Int => value.Payload,
        ValueTag.Bool => value.Flag ? 1 : 0,
        _ => throw Cannot($"is given a {value.Tag} in place of a number"),
    };

    /// <summary>Numbers that are the same for every batch: a list, or one or more arguments; null where they are left out.</summary>
    public double[]? Numbers(int i, int count) => IsNone(i) ? null
        : IsList(i) ? [.. step.Call!.Lists[i]!.Select(Of)]
        : [.. Enumerable.Range(i, count).Select(Number)];

    public bool IsText(int i) => i < arguments.Length && arguments[i].Tag == ValueTag.String;
    public string Text(int i) => IsText(i) ? arguments[i].Text : throw Cannot($"is given a {arguments[i].Tag} in place of a text");
    /// <summary>Of a list that may leave tensors out, which are there.</summary>
    public bool[] Given(int i)
    {
        var at = Before(i);
        return [.. step.Call!.Lists[i]!.Select(e => e.Tag == ValueTag.Tensor && names[at++].Length > 0)];
    }

    /// <summary>The sizes of a list's tensors, one after the other.</summary>
    public Extent[][] SizesOfList(int i) => [.. Listed(step, i).Zip(Listed(second, i),
        (a, b) => Tensor(a).Zip(Tensor(b), (x, y) => trace.Follow(step, x, y)).ToArray())];
    /// <summary>The element types of a list's tensors.</summary>
    public int[] TypesOfList(int i) => [.. Listed(step, i).Select(TypeOf)];

    private IEnumerable<NativeValue> Listed(TraceStep of, int i) => of.Call!.TensorsOf(i).Where((_, at) => names[Before(i) + at].Length > 0);

    /// <summary>A whole number as it follows the batch.</summary>
    public Extent Extent(int i) => i < arguments.Length && arguments[i].Tag is ValueTag.Int or ValueTag.Bool
        ? trace.Follow(step, arguments[i].Payload, second.Call!.Arguments[i].Payload)
        : throw Cannot($"is given no whole number as argument {i}");
    /// <summary>A whole number that does not follow the batch.</summary>
    public long Long(int i) => Fixed(Extent(i));
    /// <summary>Whole numbers as they follow the batch.</summary>
    public Extent[] Extents(int i) => [.. Whole(step, i).Zip(Whole(second, i), (a, b) => trace.Follow(step, a, b))];
    /// <summary>Whole numbers that do not follow the batch.</summary>
    public long[] Longs(int i)
        => i >= arguments.Length || arguments[i].Tag == ValueTag.None ? [] : [.. Extents(i).Select(Fixed)];
    /// <summary>Numbers, one for each of so many dimensions.</summary>
    public long[] Each(int i, int dimensions, long otherwise) => Longs(i) switch
    {
        [] => [.. Enumerable.Repeat(otherwise, dimensions)],
        [var one] => [.. Enumerable.Repeat(one, dimensions)],
        var list => list,
    };

    private long[] Whole(TraceStep of, int i) => of.Call!.Lists[i] is { } list && list.All(e => e.Tag == ValueTag.Int)
        ? [.. list.Select(e => e.Payload)] : throw Cannot($"is given no list of whole numbers as argument {i}");

    private long Fixed(Extent size)
        => size.PerSample == 0 ? size.Fixed : throw Cannot("follows the batch in a place that ONNX does not let it");

    /// <summary>Sizes of a tensor argument.</summary>
    public Extent[] SizesOf(int i)
        => [.. Tensor(arguments[i]).Zip(Tensor(second.Call!.Arguments[i]), (a, b) => trace.Follow(step, a, b))];
    /// <summary>How many dimensions a tensor argument has.</summary>
    public int Rank(int i) => TraceComparison.Sizes(arguments[i]).Length;
    /// <summary>Sizes of a result.</summary>
    public Extent[] Result(int part = 0) => trace.Extents(index, part);
    /// <summary>How many results there are.</summary>
    public int Results => step.Results.Count;
    /// <summary>Element type of a tensor argument.</summary>
    public int TypeOf(int i) => TypeOf(arguments[i]);

    private static int TypeOf(NativeValue value)
    {
        using var tensor = value.ToTensor();
        return OnnxTypes.Of(tensor.dtype);
    }
    /// <summary>Whether the numbers of a tensor argument lie one after the other.</summary>
    public bool IsDense(int i)
    {
        using var tensor = arguments[i].ToTensor();
        return tensor.is_contiguous();
    }
    /// <summary>Element type of a result.</summary>
    public int ResultType(int part = 0)
    {
        using var tensor = step.Results[part].ToTensor();
        return OnnxTypes.Of(tensor.dtype);
    }

    private static long[] Tensor(NativeValue value) => TraceComparison.Sizes(value);

    /// <summary>A dimension counted from 0.</summary>
    public long Axis(int i, int rank) => Long(i) is var axis && axis < 0 ? axis + rank : axis;

    /// <summary>Adds an operator with one result.</summary>
    public string Emit(string name, IEnumerable<string> inputs, params (string, OnnxAttribute)[] settings)
        => file.Emit(name, inputs, settings);
    /// <summary>A list of whole numbers.</summary>
    public string List(params long[] numbers) => file.List(numbers);

    /// <summary>Why it cannot be written.</summary>
    public UsageException Cannot(string why) => new($"{step.Name} cannot be written as ONNX: it {why}");
}
