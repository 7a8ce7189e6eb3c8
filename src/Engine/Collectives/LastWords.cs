using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Collectives;

/// <summary>
/// One line on stderr written by a single system call. Launchers kill the survivors of a lost rank within a few
/// milliseconds; the first use of <see cref="Console"/> takes longer.
/// </summary>
internal static unsafe class LastWords
{
    /// <summary>
    /// Writes <paramref name="line"/> and a line end at once, so that lines of several ranks do not mix.
    /// </summary>
    public static void Write(string line) => Write(Prepare(line));

    /// <summary>The bytes of a line, for a write that must not lose time on them.</summary>
    public static byte[] Prepare(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        fixed (byte* nothing = bytes) write(2, nothing, 0); // binds the call now
        return bytes;
    }

    /// <summary>Writes a prepared line.</summary>
    public static void Write(byte[] line)
    {
        fixed (byte* pointer = line) write(2, pointer, (nuint)line.Length);
    }

    [DllImport("libc")] static extern nint write(int file, byte* data, nuint bytes);
}
