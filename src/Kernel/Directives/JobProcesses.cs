using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Kernel.Directives;

/// <summary>
/// The processes of one job: they carry a mark in their environment, by which whoever has started the job finds them
/// when its launcher has left some behind; and they end themselves when who has started the job is gone.
/// </summary>
internal sealed class JobProcesses
{
    private const string Mark = "INTERACTIVE_JOB", StarterVariable = "INTERACTIVE_STARTER";
    private static readonly TimeSpan glance = TimeSpan.FromMilliseconds(500);

    private readonly string id = Guid.NewGuid().ToString("N");

    /// <summary>What a launcher has to hand on to ranks of other hosts, which else have their own host's environment alone.</summary>
    public static IReadOnlyList<string> Variables { get; } = [Mark, StarterVariable];

    /// <summary>Marks what a command starts as this job's.</summary>
    public void AddTo(ProcessStartInfo start)
    {
        start.Environment[Mark] = id;
        start.Environment[StarterVariable] =
            $"{Environment.MachineName}/{Environment.ProcessId}/{Started(Environment.ProcessId)}";
    }

    /// <summary>Ends what the launcher has left on this machine.</summary>
    /// <param name="grace">How long it may still take to end by itself: a rank that was asked to end saves first.
    /// Default: no time.</param>
    public void KillLeft(TimeSpan grace = default)
    {
        var asked = Stopwatch.StartNew();
        while (asked.Elapsed < grace && Left().Count > 0) Thread.Sleep(50);
        foreach (var process in Left())
            try
            {
                using var left = Process.GetProcessById(process);
                left.Kill();
                left.WaitForExit(5000);
            }
            // gone
            catch (Exception e) when (e is ArgumentException or InvalidOperationException
                or System.ComponentModel.Win32Exception)
            { }
    }

    /// <summary>
    /// Asks the job's ranks on this machine to end, past their launcher, which would give them a second or none.
    /// </summary>
    /// <returns>False where there are none yet.</returns>
    public bool Signal(int signal)
    {
        var ranks = Left().Where(IsRank).ToList();
        foreach (var rank in ranks) kill(rank, signal);
        return ranks.Count > 0;
    }

    // Launchers and shells carry the mark, too; ranks are programs of .NET like this one.
    private static bool IsRank(int process)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{process}/exe",
            returnFinalTarget: false)?.FullName == Environment.ProcessPath;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return false; } // gone
    }

    [DllImport("libc")] private static extern int kill(int process, int signal);

    private List<int> Left()
    {
        var left = new List<int>();
        var mark = Encoding.ASCII.GetBytes($"{Mark}={id}\0");
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var process) || process == Environment.ProcessId) continue;
            try
            {
                // a zombie has none
                if (File.ReadAllBytes(Path.Combine(folder, "environ")).AsSpan().IndexOf(mark) >= 0) left.Add(process);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // gone, or another user's
        }
        return left;
    }

    /// <summary>
    /// In a rank: ends it at once when the notebook or launch that has started its job is gone, whatever the rank is
    /// doing.
    /// </summary>
    public static void EndWithStarter()
    {
        if (Environment.GetEnvironmentVariable(StarterVariable)?.Split('/') is not [var machine, var process,
            var started] || machine != Environment.MachineName) return;
        if (!int.TryParse(process, CultureInfo.InvariantCulture, out var id) || id == Environment.ProcessId) return;
        new Thread(() =>
        {
            while (Started(id) == started) Thread.Sleep(glance);
            Process.GetCurrentProcess().Kill();
        })
        { IsBackground = true, Name = "starter watch" }.Start();
    }

    // When a process began, in ticks since the machine did: its number alone may be another's by now. Empty for one
    // that is gone, or a zombie.
    private static string Started(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? "" : fields[19];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return ""; }
    }
}
