using Interactive.Runtime;

namespace Interactive.Engine.Tests.Runtime;

public sealed class FileOwnerTests
{
    private const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Fact]
    public void OnlyWhatNobodyElseCanWrite_IsOurs()
    {
        var folder = Directory.CreateTempSubdirectory("interactive-test-").FullName;
        try
        {
            var (file, link) = (Path.Combine(folder, "a"), Path.Combine(folder, "link"));
            File.WriteAllText(file, "x");
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            Assert.True(FileOwner.IsOurs(file));
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
            Assert.False(FileOwner.IsOurs(file));
            Assert.False(FileOwner.IsOurs(Path.Combine(folder, "nowhere")));
            File.CreateSymbolicLink(link, folder);
            Assert.False(FileOwner.IsOurs(link));
            Assert.False(FileOwner.MakePrivate(link));
            var open = Path.Combine(folder, "open");
            Directory.CreateDirectory(open, Mine | UnixFileMode.OtherWrite);
            File.SetUnixFileMode(open, Mine | UnixFileMode.OtherWrite);
            Assert.True(FileOwner.MakePrivate(open)); // closed to others
            Assert.Equal(Mine, File.GetUnixFileMode(open));
            Assert.Equal(FileOwner.Current == 0, FileOwner.IsOurs("/proc/1"));
        }
        finally { Directory.Delete(folder, recursive: true); }
    }
}
