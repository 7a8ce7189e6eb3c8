using System.Globalization;
using System.Text.Json;
using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// An operator of libtorch's as JSON: its name and each argument, as a tensor by its name, an input by its number, a
/// size that may follow the batch, a list, or a plain value in training and in evaluation.
/// </summary>
internal static class AtenText
{
    /// <summary>How a node of this kind is called in a file.</summary>
    public const string Kind = "aten";

    // Operators that reach beyond the tensors they are given: files, other processes, memory that is not theirs.
    private static readonly HashSet<string> Refused = ["aten::from_file", "aten::set_", "aten::set_data",
        "aten::resize_", "aten::resize_as_", "aten::_unsafe_masked_index", "aten::_unsafe_masked_index_put_accumulate",
        "aten::_unsafe_index"];

    /// <summary>Writes the properties of an operator into an object that is begun.</summary>
    /// <exception cref="UsageException">It has an argument that cannot be written.</exception>
    public static void Write(Utf8JsonWriter json, AtenOp op, GraphTensors tensors)
    {
        Write(json, "call", op.Call, tensors);
        json.WriteStartArray("effects");
        foreach (var effect in op.Effects) Write(json, null, effect, tensors);
        json.WriteEndArray();
        json.WriteStartArray("sizes");
        foreach (var size in op.Sizes) Write(json, size);
        json.WriteEndArray();
        json.WriteString("type", op.Type.ToString());
        json.WriteStartArray("results");
        foreach (var result in op.Results) json.WriteNumberValue(result);
        json.WriteEndArray();
        if (op.GivesSeveral) Write(json, op.Places);
        json.WriteBoolean("view", op.IsView);
        json.WriteBoolean("contiguous", op.IsContiguous);
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<PackedPlace> places)
    {
        json.WriteStartArray("places");
        foreach (var place in places)
        {
            json.WriteStartObject();
            json.WriteStartArray("sizes");
            foreach (var size in place.Extents) Write(json, size);
            json.WriteEndArray();
            json.WriteStartArray("order");
            foreach (var dimension in place.Order) json.WriteNumberValue(dimension);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Extent size)
    {
        json.WriteStartArray();
        json.WriteNumberValue(size.PerSample);
        json.WriteNumberValue(size.Fixed);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string? property, AtenCall call, GraphTensors tensors)
    {
        if (property is null) json.WriteStartObject();
        else json.WriteStartObject(property);
        json.WriteString("name", call.Name);
        json.WriteString("overload", call.Overload);
        json.WriteBoolean("gradient", call.WithGradient);
        json.WriteStartArray("arguments");
        foreach (var argument in call.Arguments) Write(json, argument, tensors, call.Name);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, AtenArgument argument, GraphTensors tensors, string name)
    {
        json.WriteStartObject();
        switch (argument)
        {
            case InputArgument input: json.WriteNumber("input", input.Index); break;
            case HeldArgument held when GraphTensors.IsAbsent(held.Tensor): json.WriteNull("value"); break;
            case HeldArgument held: json.WriteString("tensor", tensors.NameOf(held.Tensor)); break;
            case SizeArgument size:
                json.WritePropertyName("size");
                Write(json, size.Size);
                break;
            case ListArgument list:
                json.WriteString("of",
                    (MadeValue.KindOf(list.List.Value)
                    ?? throw new UsageException($"{name} takes a list of a kind that cannot be written")).ToString());
                json.WriteStartArray("list");
                foreach (var element in list.Elements) Write(json, element, tensors, name);
                json.WriteEndArray();
                break;
            case SeenArgument seen:
                Write(json, "value", seen.InTraining.Value, name);
                if (seen.InEvaluation.ToString() != seen.InTraining.ToString())
                    Write(json, "evaluation", seen.InEvaluation.Value, name);
                break;
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string property, NativeValue value, string name)
    {
        switch (value.Tag)
        {
            case ValueTag.None: json.WriteNull(property); break;
            case ValueTag.Bool: json.WriteBoolean(property, value.Flag); break;
            case ValueTag.Double:
                json.WriteString(property,
                value.Number.ToString("R", CultureInfo.InvariantCulture)); break;
            case ValueTag.String: json.WriteString(property, "\"" + value.Text); break;
            case ValueTag.Device: json.WriteNumber(property, (ushort)value.Payload); break;
            default: throw new UsageException($"{name} takes a {value.Tag.ToString().ToLowerInvariant()}, which cannot be written");
        }
    }

    /// <summary>The operator of an object.</summary>
    /// <param name="node">What <see cref="Write(Utf8JsonWriter, AtenOp, GraphTensors)"/> wrote.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="find">A tensor by its name.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static AtenOp Read(JsonElement node, IReadOnlyList<Value> inputs, Func<string, Tensor> find)
    {
        if (!OperatorCall.IsAvailable)
            throw new InvalidDataException("this libtorch does not run operators by their names");
        var attributes = new OpAttributes(node);
        var call = Call(attributes.Object("call"), inputs.Count, find);
        var effects = attributes.List("effects").Select(effect => Call(effect, 0, find)).ToArray();
        if (!Enum.TryParse<ScalarType>(attributes.Text("type"), out var type))
            throw new InvalidDataException($"its type cannot be {attributes.Text("type")}");
        int[] results = attributes.Has("result") ? [(int)attributes.Whole("result")]
            : [.. attributes.Wholes("results").Select(r => (int)r)];
        var places = attributes.Has("places") ? Places(attributes) : [];
        if (results.Length != Math.Max(1, places.Length))
            throw new InvalidDataException($"its {results.Length} results have {places.Length} places");
        return new AtenOp(call, effects, [.. attributes.List("sizes").Select(Size)], type, results, places, inputs,
            attributes.Flag("view"), attributes.Flag("contiguous"))
        { IsClaimed = true };
    }

    private static PackedPlace[] Places(OpAttributes attributes)
    {
        var results = new List<(Extent[], long[])>();
        foreach (var each in attributes.List("places").Select(p => new OpAttributes(p)))
        {
            Extent[] sizes = [.. each.List("sizes").Select(Size)];
            var order = each.Wholes("order");
            if (!order.Order().SequenceEqual(Enumerable.Range(0, sizes.Length).Select(d => (long)d)))
                throw new InvalidDataException($"dimensions cannot lie as {string.Join(", ", order)}");
            results.Add((sizes, order));
        }
        return PackedPlace.InARow(results)
            ?? throw new InvalidDataException("the sizes of its results follow the batch by no rule");
    }

    private static AtenCall Call(JsonElement element, int inputs, Func<string, Tensor> find)
    {
        var attributes = new OpAttributes(element);
        var (name, overload) = (attributes.Text("name"), attributes.Text("overload"));
        if (!name.StartsWith("aten::", StringComparison.Ordinal) || Refused.Contains(name))
            throw new InvalidDataException($"a model may not run {name}");
        var arguments = attributes.List("arguments").Select(a => Argument(a, inputs, find)).ToArray();
        if (!OperatorCall.Exists(name, overload)) throw new InvalidDataException($"libtorch has no operator {name}{(overload.Length > 0 ? "." : "")}{overload}");
        if (OperatorSchema.Arguments(name, overload) is var takes && takes != arguments.Length)
            throw new InvalidDataException($"{name} takes {takes} arguments, got {arguments.Length}");
        return new AtenCall(name, overload, arguments, attributes.Flag("gradient"));
    }

    private static AtenArgument Argument(JsonElement element, int inputs, Func<string, Tensor> find)
    {
        var attributes = new OpAttributes(element);
        if (attributes.Has("input"))
            return attributes.Whole("input") is var index && index < inputs ? new InputArgument((int)index)
            : throw new InvalidDataException($"it has no input {index}");
        if (attributes.Has("tensor"))
            return find(attributes.Text("tensor")) is var tensor ? new HeldArgument(tensor, attributes.Text("tensor"))
            : null!;
        if (attributes.Has("size")) return new SizeArgument(Size(attributes.Get("size")));
        if (attributes.Has("list"))
        {
            var elements = attributes.List("list").Select(e => Argument(e, inputs, find)).ToArray();
            if (!Enum.TryParse<ListKind>(attributes.Text("of"), out var kind) || !Enum.IsDefined(kind))
                throw new InvalidDataException($"there is no list of {attributes.Text("of")}");
            if (Array.Find(elements, e => !Fits(e, kind)) is { } odd)
                throw new InvalidDataException($"{odd} stands in a list of {kind}");
            return Owned(MadeValue.List(kind, elements.Length), list => new ListArgument(list, elements));
        }
        var training = attributes.Get("value");
        return Owned(Plain(training),
            a
            => Owned(Plain(attributes.Has("evaluation") ? attributes.Get("evaluation") : training),
            b => new SeenArgument(a, b)));
    }

    // What stands in a list is not looked at again: a number in the place of a tensor would be taken for an address.
    private static bool Fits(AtenArgument element, ListKind kind) => kind switch
    {
        ListKind.Whole => element is SizeArgument,
        ListKind.Number => element is SeenArgument { InTraining.Value.Tag: ValueTag.Double, InEvaluation.Value.Tag: ValueTag.Double },
        ListKind.Flag
            => element is SeenArgument { InTraining.Value.Tag: ValueTag.Bool, InEvaluation.Value.Tag: ValueTag.Bool },
        ListKind.Tensor => element is InputArgument or HeldArgument,
        _
            => element is InputArgument or HeldArgument
            or SeenArgument { InTraining.Value.Tag: ValueTag.None, InEvaluation.Value.Tag: ValueTag.None },
    };

    // The argument takes an owner of its own.
    private static T Owned<T>(NativeValue value, Func<NativeValue, T> make)
    {
        try { return make(value); }
        finally { value.Release(); }
    }

    private static NativeValue Plain(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => default,
        JsonValueKind.True => NativeValue.Of(true),
        JsonValueKind.False => NativeValue.Of(false),
        JsonValueKind.Number when value.TryGetUInt16(out var device) => new NativeValue(device, ValueTag.Device),
        JsonValueKind.String when value.GetString() is ['"', .. var text] => MadeValue.Text(text),
        JsonValueKind.String when double.TryParse(value.GetString(), CultureInfo.InvariantCulture, out var number)
            => NativeValue.Of(number),
        _ => throw new InvalidDataException($"an argument cannot be {value}"),
    };

    private static Extent Size(JsonElement element)
        => element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 2
        && element.EnumerateArray().All(e => e.ValueKind == JsonValueKind.Number)
        && element[0].TryGetInt64(out var each) && element[1].TryGetInt64(out var rest) ? new(each, rest)
            : throw new InvalidDataException($"a size cannot be {element}");
}
