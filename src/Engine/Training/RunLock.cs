using System.Text;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Holds a run directory while a process trains in it: an advisory lock on its file <c>lock</c>, which the system gives back
/// when the process ends, however it ends.
/// </summary>
internal sealed class RunLock : IDisposable
{
    private readonly FileStream file;

    private RunLock(FileStream file) => this.file = file;

    /// <summary>Takes the lock, or null where another process has it.</summary>
    /// <param name="run">The directory.</param>
    /// <param name="resumes">Whether the run is gone on with; others are told.</param>
    public static RunLock? Take(RunDirectory run, bool resumes)
    {
        FileStream file;
        try { file = new FileStream(PathOf(run), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); }
        catch (IOException) when (File.Exists(PathOf(run))) { return null; }
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes($"process {Environment.ProcessId} on {Environment.MachineName}{(resumes ? Resumes : "")}\n"));
        file.Flush();
        return new RunLock(file);
    }

    /// <summary>Who has it, as far as that is written, and whether it goes on with the run.</summary>
    public static (string Name, bool Resumes) Holder(RunDirectory run)
    {
        // Who has just taken it has written nothing yet.
        for (var attempt = 0; attempt < 20; attempt++)
        {
            using var file = new FileStream(PathOf(run), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            if (reader.ReadLine() is { Length: > 0 } line)
                return line.EndsWith(Resumes, StringComparison.Ordinal) ? (line[..^Resumes.Length], true) : (line, false);
            Thread.Sleep(50);
        }
        return ("another process", true);
    }

    private const string Resumes = " goes on with it";

    private static string PathOf(RunDirectory run) => Path.Combine(run.Path, "lock");

    public void Dispose() => file.Dispose();
}
