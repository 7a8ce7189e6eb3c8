using System.Globalization;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>A machine, as its kernel describes it in files below a root.</summary>
/// <param name="root"><c>/</c> for this machine, else a folder that holds trees like its /proc and /sys.</param>
/// <param name="history">What was seen before.</param>
internal sealed class Node(string root, NodeHistory history)
{
    /// <summary>How long each check may take; what it asks of programs has three quarters of it.</summary>
    public TimeSpan Patience { get; init; } = NodeExamination.Thorough;

    /// <summary>True for the machine that this process runs on.</summary>
    public bool IsThis => root == "/";

    /// <summary>What was seen before.</summary>
    public NodeHistory History => history;

    /// <summary>What the node should have; null where nobody has said so.</summary>
    public (int? Cores, long? MemoryBytes, int? Gpus) Expected { get; init; }

    /// <summary>Space of the file system at a path. Asked of a program: a server that is gone would hold this one.</summary>
    /// <exception cref="TimeoutException">The file system does not answer.</exception>
    public Func<string, FileSystemSpace?> Space
    {
        get => space ?? SpaceOf;
        init => space = value;
    }

    private readonly Func<string, FileSystemSpace?>? space;

    private FileSystemSpace? SpaceOf(string path)
        => NodeTool.Run(Patience * 0.75, "stat", "-f", "-c", "%b %a %S %c %d", Path.Join(root, path)) is { } text
        && text.Split(' ').Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToArray() is [var blocks, var free,
            var size, var inodes, var left]
        ? new(blocks * size, free * size, inodes, left) : null;

    /// <summary>Lines of the kernel's log since it began, with its seconds in brackets before each.</summary>
    public IEnumerable<string> KernelLog => (root != "/" ? Text("var/log/dmesg") : NodeTool.Run(Patience * 0.75, "dmesg") ?? "").Split('\n');

    /// <summary>The path of a file of the node's.</summary>
    public string At(string path) => Path.Join(root, path);

    /// <summary>What a file holds, without the end of its last line; nothing where it is not there.</summary>
    public string Text(string path) => Read(At(path)).TrimEnd();

    /// <summary>Its lines.</summary>
    public IEnumerable<string> Lines(string path) => Text(path).Split('\n').Where(line => line.Length > 0);

    /// <summary>The number that it holds; null where there is none.</summary>
    public long? Number(string path)
        => long.TryParse(Text(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        ? number : null;

    /// <summary>Names in a folder, in order; none where it is not there.</summary>
    public IReadOnlyList<string> Names(string folder)
    {
        try { return [.. Directory.EnumerateFileSystemEntries(At(folder)).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal)]; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return []; }
    }

    /// <summary>Its processes.</summary>
    public IEnumerable<string> Processes => Names("proc").Where(name => name.All(char.IsAsciiDigit));

    private static string Read(string path)
    {
        try { return File.ReadAllText(path); }
        // not on this machine, another user's, or a value that the driver does not have
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return ""; }
    }
}

/// <summary>How full a file system is.</summary>
internal sealed record FileSystemSpace(long Bytes, long FreeBytes, long Inodes, long FreeInodes);
