using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// Brings out what lies unread in a pipe when this process dies: the runtime's last words, as those of
/// <c>Environment.FailFast</c>. A shell that sleeps until then copies them to where the pipe's text would have gone.
/// </summary>
internal sealed unsafe class LastOutput : IDisposable
{
    private const int Duplicate = 0, CloseOnExec = 0x80000, LowestFree = 10;
    private readonly int life = -1;

    /// <param name="reading">The pipe's reading end.</param>
    /// <param name="target">The descriptor that gets the text.</param>
    public LastOutput(int reading, int target)
    {
        var ends = stackalloc int[2];
        if (pipe2(ends, CloseOnExec) != 0) return;
        life = ends[1]; // is closed by the system when this process ends
        // Inherited for the moment of the start: by number, and not kept from a child.
        int[] given = [fcntl(ends[0], Duplicate, LowestFree), fcntl(reading, Duplicate, LowestFree),
            fcntl(target, Duplicate, LowestFree)];
        try
        {
            // Its own stdout and stderr are the pipe itself, which would never end.
            Process.Start("/bin/sh", ["-c", "exec </dev/null >/dev/null 2>&1; cat /proc/self/fd/$0 >/dev/null; cat /proc/self/fd/$1 >>/proc/self/fd/$2", .. given.Select(fd => fd.ToString(System.Globalization.CultureInfo.InvariantCulture))]).Dispose();
        }
        // no shell: what lies unread is lost
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException) { }
        finally
        {
            foreach (var fd in given) close(fd);
            close(ends[0]);
        }
    }

    public void Dispose()
    {
        if (life >= 0) close(life);
    }

    [DllImport("libc")] private static extern int pipe2(int* ends, int flags);
    [DllImport("libc")] private static extern int fcntl(int descriptor, int command, int argument);
    [DllImport("libc")] private static extern int close(int descriptor);
}
