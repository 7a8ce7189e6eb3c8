using System.Diagnostics;
using System.Globalization;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Boxes;

/// <summary>
/// Runs a program with the files of an image, and within limits: one box a host, the ranks inside. Devices, processes,
/// shared memory and network are the host's, as ranks need them; the image itself is not written to.
/// </summary>
/// <param name="Image">A folder with a root file system, or a file of squashfs.</param>
/// <param name="Cpus">Cores' worth of time; null for no limit.</param>
/// <param name="MemoryBytes">Null for no limit.</param>
/// <param name="Binds">Folders and files of the host that are seen inside.</param>
internal sealed record Box(string Image, double? Cpus, long? MemoryBytes, IReadOnlyList<Bind> Binds)
{
    private const int Killed = 128 + 9, CannotMount = 125;

    // Runs in mount points of its own, which end with it. Overlayfs first: bubblewrap before 0.11 has none.
    private const string Enter = """
        image=$1 box=$2; shift 2
        if [ -f "$image" ]; then
          mount -t squashfs -o ro,loop "$image" "$box/image" 2>/dev/null || squashfuse "$image" "$box/image" || exit 125
          image=$box/image
        fi
        mount -t overlay overlay -o "lowerdir=$image,upperdir=$box/upper,workdir=$box/work" "$box/root" || exit 125
        exec bwrap --bind "$box/root" / "$@"
        """;

    /// <summary>Why there can be no box here, or null.</summary>
    public static string? Missing()
        => !OperatingSystem.IsLinux() ? "boxes are of Linux"
        : Environment.UserName != "root" ? "only root mounts an image for a box"
        : ProgramPath.Find("bwrap") is not null ? ProgramPath.Find("unshare") is not null ? null : "unshare is not installed: apt-get install util-linux"
        : "bubblewrap is not installed: apt-get install bubblewrap";

    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">Program and arguments, as they are named inside.</param>
    /// <param name="run">Runs what is started and returns its exit code.</param>
    /// <returns>The command's exit code; 137 where it was ended for its memory and has none of its own.</returns>
    /// <exception cref="UsageException">The image is none, or a box cannot be made here.</exception>
    public int Run(IReadOnlyList<string> command, Func<ProcessStartInfo, int> run)
    {
        var image = Path.GetFullPath(Image);
        if (!File.Exists(image) && !Directory.Exists(image)) throw new UsageException($"--image {Image}: there is no such folder or file");
        // they part overlayfs' options
        if (image.AsSpan().IndexOfAny(":,\\") >= 0) throw new UsageException($"--image {Image}: a path without :, comma and backslash is needed");
        if (Missing() is { } why) throw new UsageException(why);
        BoxFolder.RemoveLeft();
        using var held = new BoxFolder();
        var folder = held.Folder;
        using var group = new ControlGroup(MemoryBytes, Cpus, name: folder.Name);
        foreach (var part in new[] { "image", "upper", "work", "root" }) folder.CreateSubdirectory(part);
        var code = run(group.Enter("unshare", ["--mount", "--propagation", "private", "sh", "-c", Enter, "box", image,
            folder.FullName, .. Words(), "--", .. command]));
        if (group.Killed is > 0 and var killed)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"interactive: out of memory: the box may hold {Size(MemoryBytes!.Value)} (--memory) and held {(group.PeakBytes is { } peak ? Size(peak) : "more")} at its peak; {killed} of its processes {(killed == 1 ? "was" : "were")} killed"));
            return code == 0 ? Killed : code;
        }
        return code == CannotMount ? throw new UsageException($"--image {Image} cannot be mounted: see above") : code;
    }

    private IEnumerable<string> Words()
    {
        string[] host = ["--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc", "--ro-bind", "/sys", "/sys", "--dir", "/tmp",
            "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf", "--ro-bind-try", "/etc/hosts", "/etc/hosts", "--die-with-parent"];
        var here = Environment.CurrentDirectory;
        var isInside = Binds.Any(b => here == b.Inside || here.StartsWith(b.Inside.TrimEnd('/') + "/", StringComparison.Ordinal))
            || Directory.Exists(Path.Join(Image, here));
        return [.. host, .. Binds.SelectMany(b => new[] { b.IsReadOnly ? "--ro-bind" : "--bind", b.Host, b.Inside }), "--chdir", isInside ? here : "/"];
    }

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):F1} MiB");
}
