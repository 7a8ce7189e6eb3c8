namespace Interactive.Runtime;

/// <summary>
/// Where what may be made again at any time is kept. Code is executed from there, so only a folder counts that is this
/// user's and that nobody else can write. The script host compiles this file in too: a cached script then starts
/// without the engine.
/// </summary>
internal static class CacheFolder
{
    private static readonly Lazy<string> own = new(Private);

    /// <summary>
    /// <c>$XDG_CACHE_HOME/interactive</c> or <c>~/.cache/interactive</c>, made if need be; where that cannot be written
    /// or is not safe, a folder of this user's in the temporary folder, and where that is another's, one that lasts as
    /// long as this process. Paths that are not absolute do not count: they would mean a project's folder.
    /// </summary>
    /// <exception cref="IOException">None of them can be written.</exception>
    public static string Find()
    {
        var home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (!Path.IsPathFullyQualified(home ?? ""))
            home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } user
            ? Path.Combine(user, ".cache") : "";
        return Make(home) ?? Make(Path.GetTempPath(), $"-{FileOwner.Current}") ?? own.Value;
    }

    private static string? Make(string? parent, string suffix = "")
    {
        if (!Path.IsPathFullyQualified(parent ?? "")) return null;
        var folder = Path.Combine(parent!, "interactive" + suffix);
        try
        {
            return FileOwner.MakePrivate(folder) && CanWrite(folder) ? folder : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }

    private static bool CanWrite(string folder)
    {
        const int Write = 2, Enter = 1;
        return FileOwner.IsAccessible(folder, Write | Enter);
    }

    private static string Private()
    {
        // mode 700, of a name that nobody could know
        var folder = Directory.CreateTempSubdirectory("interactive-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            try { Directory.Delete(folder, recursive: true); }
            catch (IOException) { } // the system empties its temporary folder itself
        };
        return folder;
    }
}
