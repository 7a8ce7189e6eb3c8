using Interactive.Monitoring;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// Holds a run directory while a process trains in it: an advisory lock on its file <c>lock</c>, which the system gives
/// back when the process ends, however it ends. Its file <c>owner</c> says who that is.
/// </summary>
internal sealed class RunLock : IDisposable
{
    private readonly FileStream file;
    private readonly string owner;

    private RunLock(FileStream file, string owner) => (this.file, this.owner) = (file, owner);

    /// <summary>Takes the lock, or null where another process has it.</summary>
    /// <param name="run">The directory.</param>
    /// <param name="resumes">Whether the run is gone on with; others are told.</param>
    public static RunLock? Take(RunDirectory run, bool resumes)
    {
        FileStream file;
        try { file = new FileStream(PathOf(run), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); }
        catch (IOException e) when (File.Exists(PathOf(run)) && !FullDisk.IsIn(e)) { return null; }
        try
        {
            AtomicFile.WriteText(run.OwnerFile,
                $"process {Environment.ProcessId} on {Environment.MachineName}{(resumes ? Resumes : "")}");
        }
        catch
        {
            file.Dispose();
            throw;
        }
        return new RunLock(file, run.OwnerFile);
    }

    /// <summary>Who has it, as far as that is written, and whether it goes on with the run.</summary>
    public static (string Name, bool Resumes) Holder(RunDirectory run)
    {
        // Who has just taken it has written nothing yet, and one that was killed has left its name.
        for (var attempt = 0; attempt < 20; attempt++)
        {
            if (run.OwnerText is { } name && RunDirectory.MayLive(name))
                return name.EndsWith(Resumes, StringComparison.Ordinal) ? (name[..^Resumes.Length], true)
                    : (name, false);
            Thread.Sleep(50);
        }
        return ("another process", true);
    }

    private const string Resumes = " goes on with it";

    private static string PathOf(RunDirectory run) => Path.Combine(run.Path, "lock");

    public void Dispose()
    {
        try { File.Delete(owner); }
        catch (IOException) { } // a disk that has become read-only: the name in it is that of an ended process
        file.Dispose();
    }
}
