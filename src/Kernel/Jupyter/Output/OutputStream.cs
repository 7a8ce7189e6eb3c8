using System.Text;

namespace Interactive.Kernel.Jupyter;

/// <summary>The console's stdout or stderr as a stream of the running cell.</summary>
/// <param name="stream"><c>stdout</c> or <c>stderr</c>.</param>
internal sealed class OutputStream(Outbox outbox, string stream) : TextWriter
{
    private readonly Lock gate = new();
    private char half; // of a surrogate pair, whose other half is still to come
    private KernelRequest? halfOf;

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(new string(buffer));

    public override void Write(string? value)
    {
        if (value is not { Length: > 0 }) return;
        var request = CellOutput.Current;
        lock (gate)
        {
            if (half != '\0' && halfOf == request) value = half + value;
            (half, halfOf) = (char.IsHighSurrogate(value[^1]) ? value[^1] : '\0', request);
            if (half != '\0') value = value[..^1];
            outbox.Write(stream, value, request?.Header);
        }
    }

    public override void WriteLine() => Write("\n");

    public override void WriteLine(string? value) => Write(value + "\n");

    public override void WriteLine(ReadOnlySpan<char> buffer) => Write(string.Concat(buffer, "\n"));
}
