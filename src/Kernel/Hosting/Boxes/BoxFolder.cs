namespace Interactive.Kernel.Hosting.Boxes;

/// <summary>
/// What a box writes besides the folders that it was given. It is held as long as the box runs: one that nobody holds was left by a
/// process that was killed, and may be as large as all that its programs have written.
/// </summary>
internal sealed class BoxFolder : IDisposable
{
    private const string Prefix = "interactive-box-";

    private readonly FileStream held;

    /// <summary>Makes one among the temporary files.</summary>
    public BoxFolder()
    {
        Folder = Directory.CreateTempSubdirectory(Prefix);
        held = Hold(Folder.FullName, FileMode.CreateNew);
    }

    /// <summary>The folder; its name is also that of the box's control group.</summary>
    public DirectoryInfo Folder { get; }

    /// <summary>Removes those that nobody holds, with their control groups and what runs in them.</summary>
    public static void RemoveLeft()
    {
        foreach (var path in Directory.GetDirectories(Path.GetTempPath(), $"{Prefix}*"))
            try
            {
                using var left = Hold(path, FileMode.Open);
                ControlGroup.Remove(Path.GetFileName(path));
                Directory.Delete(path, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // alive, not yet held, or another user's
    }

    private static FileStream Hold(string folder, FileMode mode)
        => new(Path.Combine(folder, "held"), mode, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Removes it.</summary>
    public void Dispose()
    {
        Folder.Delete(recursive: true);
        held.Dispose();
    }
}
