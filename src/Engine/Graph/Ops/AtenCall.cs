using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>An operator of libtorch's with all its arguments, ready to be run on other tensors.</summary>
/// <param name="name">With its namespace.</param>
/// <param name="overload">Of the name; may be empty.</param>
/// <param name="arguments">All of the schema's.</param>
/// <param name="withGradient">Whether autograd is on while it runs.</param>
internal sealed class AtenCall(string name, string overload, AtenArgument[] arguments, bool withGradient)
{
    private readonly Lock gate = new(); // a list's elements are put in place for one run at a time

    public string Name => name;
    public string Overload => overload;
    public bool WithGradient => withGradient;
    public IReadOnlyList<AtenArgument> Arguments => arguments;
    public bool FollowsBatch => arguments.Any(a => a.FollowsBatch);

    /// <summary>Runs it. The caller releases the results.</summary>
    /// <param name="inputs">What the node reads.</param>
    /// <param name="batch">Samples.</param>
    /// <param name="training">Else evaluation.</param>
    /// <param name="without">Arguments to leave out: those of these numbers are absent.</param>
    public NativeValue[] Run(ReadOnlySpan<Tensor> inputs, long batch, bool training, params ReadOnlySpan<int> without)
    {
        using var noGradient = withGradient ? null : no_grad();
        lock (gate)
        {
            var values = new NativeValue[arguments.Length];
            for (var i = 0; i < values.Length; i++)
                if (!without.Contains(i)) values[i] = arguments[i].Value(inputs, batch, training);
            try { return OperatorCall.Run(name, overload, values); }
            finally { foreach (var argument in arguments) argument.Return(); }
        }
    }

    /// <inheritdoc/>
    public override string ToString()
        => $"{name}{(overload.Length > 0 ? "." + overload : "")}({string.Join(", ", arguments.AsEnumerable())})";
}
