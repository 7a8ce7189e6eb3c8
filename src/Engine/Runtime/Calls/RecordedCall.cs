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

    /// <summary>Name and overload.</summary>
    public string FullName => Overload.Length > 0 ? $"{Name}.{Overload}" : Name;
}
