using System.Globalization;
using System.Text.RegularExpressions;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>Disks, and the memory that is used as one.</summary>
internal static partial class StorageChecks
{
    private const double Little = 0.05, None = 0.01;
    private const long Leftover = 1L << 30;
    private static readonly TimeSpan old = TimeSpan.FromMinutes(10);

    private static readonly string[] remote = ["nfs", "nfs4", "lustre", "ceph", "gpfs", "beegfs", "cifs", "fuse.sshfs"],
        alwaysWritten = ["/", "/tmp", "/var", "/var/tmp"], alsoCounted = ["/tmp", "/dev/shm"];

    private sealed record Mount(string Device, string Path, string Type, string[] Options);

    /// <summary>File systems that are full, out of inodes, or of servers that do not answer.</summary>
    public static IEnumerable<Finding> Space(Node node)
        => Mounts(node).Where(m => m.Device.StartsWith("/dev/") || remote.Contains(m.Type)
            || alsoCounted.Contains(m.Path)).Where(m => m.Type is not ("squashfs" or "iso9660"))
            .DistinctBy(m => m.Device.Contains('/') ? m.Device : m.Path)
            .AsParallel().WithDegreeOfParallelism(16).SelectMany(m => SpaceOf(node, m)).OrderBy(f => f.Text);

    private static IEnumerable<Finding> SpaceOf(Node node, Mount mount)
    {
        var findings = new List<Finding>();
        try
        {
            if (node.Space(mount.Path) is not { } space) return findings;
            // What a server holds is no matter of this node's.
            var worst = remote.Contains(mount.Type) ? Fitness.Doubtful : Fitness.Unfit;
            void Note(string check, long free, long all, string what)
            {
                if (all > 0 && free < Little * all)
                    findings.Add(new(check, free < None * all ? worst : Fitness.Doubtful,
                        string.Create(CultureInfo.InvariantCulture, $"{mount.Path} has {100.0 * free / all:F1} % of its {what} free")));
            }
            Note("disk", space.FreeBytes, space.Bytes, "space");
            Note("inodes", space.FreeInodes, space.Inodes, "inodes");
        }
        catch (TimeoutException) { findings.Add(new("disk", Fitness.Unfit, $"{mount.Path} ({mount.Device}) does not answer")); }
        return findings;
    }

    /// <summary>Disks that the kernel has made read-only after an error.</summary>
    public static IEnumerable<Finding> ReadOnly(Node node)
    {
        var wanted = node.Lines("etc/fstab").Where(line => line[0] != '#')
            .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length >= 4)
            .ToLookup(f => f[1], f => f[3].Split(',').Contains("ro"));
        return from mount in Mounts(node)
               where mount.Device.StartsWith("/dev/") && mount.Options.Contains("ro")
               where wanted.Contains(mount.Path) ? !wanted[mount.Path].Any(ro => ro) : alwaysWritten.Contains(mount.Path)
               select new Finding("read-only", Fitness.Unfit, $"{mount.Path} ({mount.Device}) cannot be written");
    }

    /// <summary>Files in shared memory that no process has mapped: jobs that were killed leave them, and they are memory.</summary>
    public static IEnumerable<Finding> SharedMemory(Node node)
    {
        var folder = node.At("dev/shm");
        if (!Directory.Exists(folder)) return [];
        var mapped = node.Processes.SelectMany(p => node.Lines($"proc/{p}/maps")).Select(line => line.IndexOf("/dev/shm/", StringComparison.Ordinal) is >= 0 and var at ? line[at..] : null)
            .Where(path => path is not null).ToHashSet();
        var left = new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true })
            .Where(f => DateTime.UtcNow - f.LastWriteTimeUtc > old
                && !mapped.Contains($"/dev/shm/{Path.GetRelativePath(folder, f.FullName)}")).ToList();
        var bytes = left.Sum(f => f.Length);
        return bytes < Leftover ? [] : [new("shared-memory", Fitness.Doubtful, string.Create(CultureInfo.InvariantCulture,
            $"{left.Count} files in /dev/shm that nobody uses hold {bytes / (double)(1 << 30):F1} GiB"))];
    }

    private static IEnumerable<Mount> Mounts(Node node)
        => from line in node.Lines("proc/mounts")
           let fields = line.Split(' ')
           where fields.Length >= 4
           select new Mount(fields[0], Escape().Replace(fields[1], m => ((char)Convert.ToInt32(m.Groups[1].Value, 8)).ToString()),
               fields[2], fields[3].Split(','));

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Escape();
}
