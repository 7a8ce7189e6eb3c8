using System.Text;

namespace Interactive.Kernel.Notebooks;

/// <summary>Passes text on and keeps a copy.</summary>
internal sealed class StreamTee(TextWriter target, Action<string> copy) : TextWriter
{
    public override Encoding Encoding => target.Encoding;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(string? value)
    {
        target.Write(value);
        copy(value ?? "");
    }

    // A line in one piece: the ranks of a job share a terminal, where a number and its line end could be torn apart.
    public override void WriteLine(string? value) => Write(value + NewLine);
    public override void WriteLine(object? value)
        => WriteLine(value is IFormattable f ? f.ToString(null, FormatProvider) : value?.ToString());
    public override void WriteLine(bool value) => WriteLine((object)value);
    public override void WriteLine(char value) => WriteLine((object)value);
    public override void WriteLine(int value) => WriteLine((object)value);
    public override void WriteLine(uint value) => WriteLine((object)value);
    public override void WriteLine(long value) => WriteLine((object)value);
    public override void WriteLine(ulong value) => WriteLine((object)value);
    public override void WriteLine(float value) => WriteLine((object)value);
    public override void WriteLine(double value) => WriteLine((object)value);
    public override void WriteLine(decimal value) => WriteLine((object)value);

    public override void Flush() => target.Flush();
}
