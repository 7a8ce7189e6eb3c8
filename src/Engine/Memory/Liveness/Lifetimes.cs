namespace Interactive.Memory.Liveness;

/// <summary>An operation over numbered tensors: it reads some and writes one.</summary>
/// <param name="Output">The tensor it writes; every tensor is written once.</param>
/// <param name="Inputs">The tensors it reads.</param>
/// <param name="Bytes">Size of the output.</param>
/// <param name="AliasOf">An input whose memory the output shares (a view), or null.</param>
/// <param name="InPlaceOn">An input that the operation may overwrite with its output when nothing reads it afterwards,
/// or null.</param>
public sealed record TensorOp(int Output, IReadOnlyList<int> Inputs, long Bytes, int? AliasOf = null,
    int? InPlaceOn = null);

/// <summary>
/// Who needs which memory until when, by counting readers (Chen et al. 2016, section 3): an output takes over the
/// memory of an input that it may overwrite and reads last; views share their base's memory, which is free when none of
/// them is needed.
/// </summary>
/// <param name="Buffers">The memory, each with its life.</param>
/// <param name="BufferOf">The buffer in which a tensor lies.</param>
public sealed record Lifetimes(IReadOnlyList<Buffer> Buffers, IReadOnlyDictionary<int, int> BufferOf)
{
    /// <summary>
    /// Lives of what the operations make. Tensors that none of them writes are the caller's and not counted.
    /// </summary>
    /// <param name="ops">In the order in which they run; step i is operation i.</param>
    /// <param name="results">Tensors that must outlive the last operation.</param>
    public static Lifetimes Of(IReadOnlyList<TensorOp> ops, params ReadOnlySpan<int> results)
    {
        var readers = new Dictionary<int, int>(); // reads of a tensor still to come
        foreach (var op in ops)
            foreach (var input in op.Inputs) readers[input] = readers.GetValueOrDefault(input) + 1;
        foreach (var result in results) readers[result] = readers.GetValueOrDefault(result) + 1;

        var buffers = new List<Buffer>();
        var bufferOf = new Dictionary<int, int>();
        var waiting = new List<int>(); // reads still to come of all tensors in a buffer
        for (var step = 0; step < ops.Count; step++)
        {
            var op = ops[step];
            var own = readers.GetValueOrDefault(op.Output);
            if (op.AliasOf is { } shared && bufferOf.TryGetValue(shared, out var buffer)) waiting[buffer] += own;
            else if (op.InPlaceOn is { } target && bufferOf.TryGetValue(target, out buffer)
                && buffers[buffer].Bytes == op.Bytes
                && waiting[buffer] == op.Inputs.Count(i => bufferOf.TryGetValue(i, out var b) && b == buffer))
                waiting[buffer] += own;
            else
            {
                buffer = buffers.Count;
                buffers.Add(new(op.Bytes, step, step));
                waiting.Add(own);
            }
            bufferOf[op.Output] = buffer;
            foreach (var input in op.Inputs)
            {
                if (!bufferOf.TryGetValue(input, out var read)) continue;
                waiting[read]--;
                buffers[read] = buffers[read] with { Last = step };
            }
            buffers[buffer] = buffers[buffer] with { Last = step };
        }
        foreach (var result in results)
            if (bufferOf.TryGetValue(result, out var kept)) buffers[kept] = buffers[kept] with { Last = ops.Count };
        return new(buffers, bufferOf);
    }
}
