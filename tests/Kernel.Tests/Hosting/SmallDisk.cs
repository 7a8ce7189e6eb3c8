using System.Diagnostics;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>A disk of two megabytes, which others fill and clear again; null where none can be mounted.</summary>
internal sealed class SmallDisk : IDisposable
{
    public const string Why = "a small disk cannot be mounted here (root is needed)";

    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string Others => System.IO.Path.Combine(Path, "others");

    public static SmallDisk? Mount()
    {
        var path = Directory.CreateTempSubdirectory("small-disk").FullName;
        if (Run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path) == 0) return new SmallDisk(path);
        Directory.Delete(path);
        return null;
    }

    /// <summary>Fills it up to so many bytes.</summary>
    public void Fill(int leave = 0)
    {
        using var file = new FileStream(Others, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try { while (true) file.Write(new byte[4096]); }
        catch (IOException) { file.SetLength(Math.Max(0, file.Length - leave)); }
    }

    public void Clear() => File.Delete(Others);

    public void Remount(string how) => Assert.Equal(0, Run("mount", "-o", $"remount,{how}", Path));

    public void Dispose()
    {
        Run("umount", "-l", Path);
        Directory.Delete(Path);
    }

    private static int Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
