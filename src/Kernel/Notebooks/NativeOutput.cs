using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// Takes what children of this process and native code write to stdout or stderr, which do not know of the console's
/// writers. Until it is disposed of, the file descriptor leads into a pipe that a thread reads.
/// </summary>
internal sealed unsafe partial class NativeOutput : IDisposable
{
    private const int CloseOnExec = 0x80000, DuplicateFrom = 1030, UnreadBytes = 0x541B, LowestFree = 10,
        StandardError = 2;
    private static readonly TimeSpan patience = TimeSpan.FromMilliseconds(300);

    // libtorch says so once a thread, and computes without it.
    [GeneratedRegex(@"[^\n]*Could not initialize NNPACK[^\n]*\n?")]
    private static partial Regex Noise();

    private readonly int descriptor, original, reading;
    private readonly Action<string> write;
    private readonly Thread thread;
    private readonly LastOutput? last;
    private readonly bool echoes;
    private volatile bool isBusy;

    /// <param name="descriptor">1 for stdout, 2 for stderr.</param>
    /// <param name="write">Gets the text, on a thread of its own.</param>
    /// <param name="echoes">Write it to the old descriptor too, before anything else: a process that dies says why
    /// there.</param>
    public NativeOutput(int descriptor, Action<string> write, bool echoes = false)
    {
        (this.descriptor, this.write, this.echoes) = (descriptor, write, echoes);
        var ends = stackalloc int[2];
        original = fcntl(descriptor, DuplicateFrom, LowestFree);
        if (original < 0 || pipe2(ends, CloseOnExec) != 0)
            throw new IOException($"no pipe for what native code writes (errno {Marshal.GetLastPInvokeError()})");
        dup2(ends[1], descriptor);
        close(ends[1]);
        reading = ends[0];
        if (descriptor == StandardError) last = new LastOutput(reading, original);
        thread = new Thread(Read) { IsBackground = true, Name = $"output {descriptor}" };
        thread.Start();
    }

    /// <summary>
    /// Returns when all that has been written so far has been handed on, or after a moment where there is no end of it.
    /// </summary>
    public void Drain()
    {
        fflush(0); // C's own buffers, which for a pipe are flushed when they are full
        var end = DateTime.UtcNow + patience;
        int waiting;
        while ((ioctl(reading, UnreadBytes, &waiting) == 0 && waiting > 0 || isBusy) && DateTime.UtcNow < end)
            Thread.Sleep(1);
    }

    public void Dispose()
    {
        Drain();
        dup2(original, descriptor);
        last?.Dispose();
        thread.Join(patience); // a child that goes on holds the pipe open
        close(original);
    }

    // What is in the pipe stays there until it has been written: if the process dies meanwhile, LastOutput finds it.
    private void Read()
    {
        var ends = stackalloc int[2];
        if (pipe2(ends, CloseOnExec) != 0) return;
        var (copy, decoder, bytes, characters) = (ends[0], Encoding.UTF8.GetDecoder(), new byte[1 << 16],
            new char[1 << 16]);
        fixed (byte* start = bytes)
            while (tee(reading, ends[1], bytes.Length, 0) is > 0 and var taken)
            {
                var count = (int)read(copy, start, taken);
                var text = new string(characters, 0, decoder.GetChars(bytes, 0, count, characters, 0));
                if (text.Contains("NNPACK", StringComparison.Ordinal)) text = Noise().Replace(text, "");
                if (echoes) Echo(text);
                else if (text.Length > 0) write(text);
                isBusy = true; // from before it is out of the pipe: to Drain, there is no moment between
                while (count > 0 && read(reading, start, count) is > 0 and var dropped) count -= (int)dropped;
                if (echoes && text.Length > 0) write(text);
                isBusy = false;
            }
        close(copy);
        close(ends[1]);
        close(reading);
    }

    private void Echo(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* start = bytes)
            for (nint done = 0; done < bytes.Length;)
            {
                var count = write_(original, start + done, bytes.Length - done);
                if (count <= 0) return; // nobody listens
                done += count;
            }
    }

    [DllImport("libc")] private static extern int fflush(nint stream);
    [DllImport("libc")] private static extern nint tee(int from, int to, nint count, uint flags);
    [DllImport("libc")] private static extern nint read(int descriptor, byte* to, nint count);
    [DllImport("libc", SetLastError = true)] private static extern int pipe2(int* ends, int flags);
    [DllImport("libc")] private static extern int dup2(int from, int to);
    [DllImport("libc")] private static extern int fcntl(int descriptor, int command, int argument);
    [DllImport("libc", EntryPoint = "write")] private static extern nint write_(int descriptor, byte* from, nint count);
    [DllImport("libc")] private static extern int close(int descriptor);
    [DllImport("libc")] private static extern int ioctl(int descriptor, ulong request, int* result);
}
