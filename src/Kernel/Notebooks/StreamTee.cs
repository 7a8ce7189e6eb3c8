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

    public override void WriteLine(string? value) => Write(value + NewLine);

    public override void Flush() => target.Flush();
}
