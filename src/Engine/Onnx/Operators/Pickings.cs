using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Some of the numbers, by place.</summary>
internal static class Pickings
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["Slice"] = OnnxOperator.Of(Slice, 0),
        ["Gather"] = new(c => [Gather(c)], [0], Table),
        ["GatherElements"] = OnnxOperator.Of(c => OnnxCall.Axis(c.Long("axis", 0), c[0].dim()) is var axis
            ? c[0].gather(axis, Wrapped(c[1], c[0].shape[axis])) : null!),
        ["GatherND"] = OnnxOperator.Of(GatherND),
        ["ScatterElements"] = new(c => [ScatterElements(c)], Layer: MakeJoins),
        ["Scatter"] = OnnxOperator.Of(ScatterElements), // its name before opset 11
        ["ScatterND"] = new(c => [ScatterND(c)], Layer: MakeJoins),
        ["ArgMax"] = OnnxOperator.Of(c => Arg(c, (x, axis, keep) => x.argmax(axis, keep))),
        ["ArgMin"] = OnnxOperator.Of(c => Arg(c, (x, axis, keep) => x.argmin(axis, keep))),
        ["TopK"] = new(TopK),
        ["OneHot"] = OnnxOperator.Of(OneHot),
    };

    private static nn.Module? Table(OnnxLayer l)
    {
        if (l.Long("axis", 0) != 0 || !l.IsWeight(0) || l.Sizes(0).Length != 2 || l.IsConstant(1)) return null;
        var table = nn.Embedding(l.Sizes(0)[0], l.Sizes(0)[1], device: META);
        table.weight = l.Parameter(0);
        return table;
    }

    private static Tensor Slice(OnnxCall c)
    {
        var x = c[0];
        long[] starts = c.Longs("starts", 1)!, ends = c.Longs("ends", 2)!,
            axes = c.Longs("axes", 3) ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        var steps = c.Has(4) ? c.Longs(4) : [.. axes.Select(_ => 1L)];
        var done = x;
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = OnnxCall.Axis(axes[i], x.dim());
            var (size, step) = (x.shape[axis], steps[i]);
            if (step == 0) throw new InvalidDataException("it goes by steps of 0");
            long From(long edge, long least, long most) => Math.Clamp(edge < 0 ? edge + size : edge, least, most);
            if (step > 0)
            {
                var (start, end) = (From(starts[i], 0, size), From(ends[i], 0, size));
                if (start == 0 && end == size && step == 1) continue;
                done = step == 1 ? done.narrow(axis, start, Math.Max(0, end - start))
                    : done.slice(axis, start, Math.Max(start, end), step);
            }
            else
            {
                var (start, end) = (From(starts[i], -1, size - 1), From(Math.Max(ends[i], -size - 1), -1, size - 1));
                if (start <= end) done = done.narrow(axis, 0, 0);
                else done = done.narrow(axis, end + 1, start - end).flip(axis).slice(axis, 0, start - end, -step);
            }
        }
        return ReferenceEquals(done, x) ? x.alias() : done;
    }

    private static Tensor Wrapped(Tensor places, long size)
        => where(places < 0, places + size, places).to_type(ScalarType.Int64);

    private static Tensor Gather(OnnxCall c)
    {
        if (c.Module is nn.Module<Tensor, Tensor> table) return table.call(c[1]);
        var (x, axis) = (c[0], OnnxCall.Axis(c.Long("axis", 0), c[0].dim()));
        if (c.IsKnown(1))
        {
            var places = c.Longs(1).Select(i => i < 0 ? i + x.shape[axis] : i).ToArray();
            if (places.Any(i => i < 0 || i >= x.shape[axis]))
                throw new InvalidDataException($"it takes one of {x.shape[axis]} by a number outside");
            if (c[1].dim() == 0) return x.select(axis, places[0]);
            if (places.Length > 0 && places.Select((p, i) => p == places[0] + i).All(p => p) && c[1].dim() == 1)
                return x.narrow(axis, places[0], places.Length);
        }
        var wrapped = Wrapped(c[1], x.shape[axis]);
        long[] sizes = [.. x.shape[..(int)axis], .. wrapped.shape, .. x.shape[((int)axis + 1)..]];
        return x.index_select(axis, wrapped.reshape(-1)).reshape(sizes);
    }

    private static Tensor GatherND(OnnxCall c)
    {
        var (x, places, shared) = (c[0], c[1], (int)c.Long("batch_dims", 0));
        if (shared < 0 || shared >= places.dim() || shared > x.dim() || !x.shape[..shared].SequenceEqual(places.shape[..shared]))
            throw new InvalidDataException($"it has {shared} dimensions of the batch in common, which its inputs have not");
        long[] sizes = [.. places.shape[..^1], .. x.shape[(shared + (int)places.shape[^1])..]];
        if (shared > 0) (x, places) = (x.flatten(0, shared - 1), places.flatten(0, shared - 1));
        var indices = Enumerable.Range(0, (int)places.shape[^1]).Select(i => (TensorIndex)TensorIndex.Tensor(
            Wrapped(places.select(places.dim() - 1, i), x.shape[i + (shared > 0 ? 1 : 0)])));
        if (shared > 0) // each sample of its own
            indices = indices.Prepend(TensorIndex.Tensor(arange(x.shape[0])
                .reshape([x.shape[0], .. places.shape[1..^1].Select(_ => 1L)])));
        return x.index([.. indices]).reshape(sizes);
    }

    private static Tensor ScatterElements(OnnxCall c)
    {
        var axis = OnnxCall.Axis(c.Long("axis", 0), c[0].dim());
        return Put(c, c[0], axis, Wrapped(c[1], c[0].shape[axis]), c[2]);
    }

    private static Tensor Put(OnnxCall c, Tensor x, long axis, Tensor places, Tensor values)
        => c.Text("reduction", "none") switch
        {
            "none" => x.scatter(axis, places, values),
            "add" => x.scatter_add(axis, places, values),
            var join when Joins.Value.TryGetValue(join, out var name) => Joined(x, axis, places, values, name),
            var other => throw new InvalidDataException($"it joins by {other}: none, add, {string.Join(", ", Joins.Value.Keys)} are read"),
        };

    // What ONNX joins by, as libtorch calls it.
    private static readonly Lazy<Dictionary<string, NativeValue>> Joins = new(() => new()
    {
        ["mul"] = MadeValue.Text("prod"),
        ["max"] = MadeValue.Text("amax"),
        ["min"] = MadeValue.Text("amin"),
    });

    // The texts are made by operators of libtorch's: before a run of the net is watched.
    private static nn.Module? MakeJoins(OnnxLayer l)
    {
        if (l.Has("reduction")) _ = Joins.Value;
        return null;
    }

    private static Tensor Joined(Tensor x, long axis, Tensor places, Tensor values, NativeValue join)
    {
        var results = OperatorCall.Run("aten::scatter_reduce", "two", [NativeValue.Of(x), NativeValue.Of(axis), NativeValue.Of(places),
            NativeValue.Of(values), join.Share(), NativeValue.Of(true)]);
        var joined = results[0].ToTensor();
        results[0].Release();
        return joined;
    }

    private static Tensor ScatterND(OnnxCall c)
    {
        var (x, places, depth) = (c[0], c[1], (int)c[1].shape[^1]);
        var flat = zeros(places.shape[..^1], ScalarType.Int64); // places counted through the dimensions that are given
        for (var i = 0; i < depth; i++)
            flat = flat * x.shape[i] + Wrapped(places.select(places.dim() - 1, i), x.shape[i]);
        var rest = x.shape[depth..].Aggregate(1L, (a, b) => a * b);
        var index = flat.reshape(-1, 1).expand(-1, rest);
        return Put(c, x.reshape(-1, rest), 0, index, c[2].reshape(-1, rest)).reshape(x.shape);
    }

    private static Tensor Arg(OnnxCall c, Func<Tensor, long, bool, Tensor> of)
    {
        var (x, axis, keep) = (c[0], OnnxCall.Axis(c.Long("axis", 0), c[0].dim()), c.Long("keepdims", 1) == 1);
        return c.Long("select_last_index", 0) == 0 ? of(x, axis, keep)
            : x.shape[axis] - 1 - of(x.flip(axis), axis, keep);
    }

    private static Tensor[] TopK(OnnxCall c)
    {
        var count = c.Opset < 10 ? c.Long("k", 1) : c.Longs(1)[0];
        var (values, places) = c[0].topk((int)count, (int)OnnxCall.Axis(c.Long("axis", -1), c[0].dim()),
            c.Long("largest", 1) == 1, true);
        return [values, places];
    }

    private static Tensor OneHot(OnnxCall c)
    {
        var (depth, values) = (c.Longs(1)[0], c[2]);
        Arrangements.Bounded([depth, c[0].numel()]);
        var axis = OnnxCall.Axis(c.Long("axis", -1), c[0].dim() + 1);
        var place = c[0].to_type(ScalarType.Int64).remainder(depth);
        var range = arange(depth)
            .reshape([.. Enumerable.Range(0, (int)c[0].dim() + 1).Select(i => i == axis ? depth : 1)]);
        return where(place.unsqueeze(axis).eq(range), values[1], values[0]);
    }
}
