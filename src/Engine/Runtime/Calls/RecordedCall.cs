namespace Interactive.Runtime;

/// <summary>One operator that ran, as <see cref="CallRecorder"/> saw it.</summary>
/// <param name="Name">With its namespace.</param>
/// <param name="Overload">Of the name; may be empty.</param>
/// <param name="Arguments">All of the schema's, owned by the recorder.</param>
/// <param name="WithGradient">Whether autograd was on.</param>
internal sealed record RecordedCall(string Name, string Overload, NativeValue[] Arguments, bool WithGradient)
{
    /// <summary>Owned by the recorder; empty while the operator runs or where it failed.</summary>
    public NativeValue[] Results { get; set; } = [];

    /// <summary>
    /// The elements of each argument that is a list, as they were when the operator began: a list may be filled anew
    /// later. Owned by the recorder.
    /// </summary>
    public NativeValue[]?[] Lists { get; } =
        [.. Arguments.Select(a => a.Tag == ValueTag.List ? Shared(a.Elements) : null)];

    /// <summary>All tensors among the arguments, elements of lists singly.</summary>
    public IEnumerable<NativeValue> Tensors => Arguments.SelectMany((a, i) => TensorsOf(i));

    /// <summary>Those of one argument.</summary>
    public IEnumerable<NativeValue> TensorsOf(int argument)
        => Lists[argument] is { } list ? list.Where(e => e.Tag == ValueTag.Tensor)
        : Arguments[argument].Tag == ValueTag.Tensor ? [Arguments[argument]] : [];

    /// <summary>
    /// Takes an argument that is a tensor without a type, which is how some callers write that there is none, for none.
    /// </summary>
    public void ForgetAbsent()
    {
        foreach (ref var argument in Arguments.AsSpan())
        {
            if (argument.Tag != ValueTag.Tensor) continue;
            using var tensor = argument.ToTensor();
            if (!Enum.IsDefined(tensor.dtype)) argument.Release();
        }
    }

    private static NativeValue[] Shared(Span<NativeValue> elements)
    {
        var copy = elements.ToArray();
        foreach (var element in copy) element.Share();
        return copy;
    }

    /// <summary>Name and overload.</summary>
    public string FullName => Overload.Length > 0 ? $"{Name}.{Overload}" : Name;
}
