using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>Whose a file is, and who may write it: .NET tells the second only.</summary>
internal static unsafe class FileOwner
{
    private const int CurrentFolder = -100, DoNotFollow = 0x100;
    private const uint BasicFields = 0x7ff;
    private const ushort WritableByOthers = 0x12, LinkKind = 0xa000, Kind = 0xf000; // 022 in octal

    /// <summary>The number of the user whose rights this process has.</summary>
    public static uint Current { get; } = geteuid();

    /// <summary>
    /// True for a file or folder, no link, that belongs to this user and that neither its group nor others may write.
    /// </summary>
    public static bool IsOurs(string path)
        => Look(path) is { } status && IsOwned(status) && (status.Mode & WritableByOthers) == 0;

    private static bool IsOwned(string path) => Look(path) is { } status && IsOwned(status);

    private static bool IsOwned(Status status) => status.Owner == Current && (status.Mode & Kind) != LinkKind;

    private static Status? Look(string path)
    {
        Status status;
        return statx(CurrentFolder, path, DoNotFollow, BasicFields, &status) == 0 ? status : null;
    }

    /// <summary>
    /// Makes a folder that only this user can read and write. One of this user's that others could write is closed to
    /// them: what they have left in it is theirs, and no file counts without <see cref="IsOurs"/>.
    /// </summary>
    /// <returns>False where the folder is a link or another user's.</returns>
    public static bool MakePrivate(string folder)
    {
        const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(folder, Mine);
        if (IsOurs(folder)) return true;
        if (!IsOwned(folder)) return false;
        File.SetUnixFileMode(folder, Mine);
        return IsOurs(folder);
    }

    /// <summary>True when this process may use the path so.</summary>
    /// <param name="mode">Bits of access(2): 4 reads, 2 writes, 1 enters.</param>
    public static bool IsAccessible(string path, int mode) => access(path, mode) == 0;

    // struct statx, of which the first fields are the same everywhere.
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct Status
    {
        public uint Mask, BlockSize;
        public ulong Attributes;
        public uint Links, Owner, Group;
        public ushort Mode;
    }

    [DllImport("libc")] private static extern uint geteuid();
    [DllImport("libc")] private static extern int access(string path, int mode);
    [DllImport("libc")] private static extern int statx(int folder, string path, int flags, uint mask, Status* status);
}
