namespace Interactive.Runtime;

/// <summary>Where what may be made again at any time is kept. The script host compiles this file in too: a cached script then starts without the engine.</summary>
internal static class CacheFolder
{
    /// <summary>
    /// <c>$XDG_CACHE_HOME/interactive</c> or <c>~/.cache/interactive</c>, made if need be, or a private folder in the
    /// temporary folder where the home folder cannot be written.
    /// </summary>
    /// <exception cref="IOException">None of them can be written.</exception>
    public static string Find()
    {
        var home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(home)) home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Make(Path.Combine(home, "interactive"))
            ?? Make(Path.Combine(Path.GetTempPath(), $"interactive-{Environment.UserName}"))
            ?? throw new IOException("no writable cache folder: set XDG_CACHE_HOME");
    }

    private static string? Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }
}
