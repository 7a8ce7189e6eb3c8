using Interactive.Kernel.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>What commands that look after runs, boxes and nodes are given by mistake: one line each, exit code 2, nothing made.</summary>
[Collection(ProcessWide.Name)]
public sealed class HostileCommandTests
{
    [Theory]
    [InlineData("--cores 0: a node has at least 1", "node", "check", "--cores", "0")]
    [InlineData("--gpus -1: a node has 0 or more", "node", "check", "--gpus", "-1")]
    [InlineData("--memory 64 is 64 bytes", "node", "check", "--memory", "64")]
    [InlineData("--root /nowhere: there is no proc in it", "node", "check", "--root", "/nowhere")]
    [InlineData("--drain and --active are for this machine", "node", "check", "--root", "OUT", "--drain")]
    [InlineData("--image /nowhere: there is no such folder or file", "box", "run", "--image", "/nowhere", "--", "true")]
    [InlineData("a path without :, comma and backslash", "box", "run", "--image", "OUT/a,b", "--", "true")]
    [InlineData("--cpus 0: a number of cores", "box", "run", "--image", "/", "--cpus", "0", "--", "true")]
    [InlineData("--cpus -1: a number of cores", "box", "run", "--image", "/", "--cpus", "-1", "--", "true")]
    [InlineData("--cpus NaN: a number of cores", "box", "run", "--image", "/", "--cpus", "NaN", "--", "true")]
    [InlineData("--cpus 1e9: a number of cores", "box", "run", "--image", "/", "--cpus", "1e9", "--", "true")]
    [InlineData("--cpus 1,5: a number of cores", "box", "run", "--image", "/", "--cpus", "1,5", "--", "true")]
    [InlineData("--memory 4 is 4 bytes", "box", "run", "--image", "/", "--memory", "4", "--", "true")]
    [InlineData("is no size", "box", "run", "--image", "/", "--memory", "1e300G", "--", "true")]
    [InlineData("--bind /nowhere: there is no /nowhere", "box", "run", "--image", "/", "--bind", "/nowhere", "--", "true")]
    [InlineData("--bind /:relative: write A", "box", "run", "--image", "/", "--bind", "/:relative", "--", "true")]
    [InlineData("--bind /:/a:rw: write A", "box", "run", "--image", "/", "--bind", "/:/a:rw", "--", "true")]
    [InlineData("dashboard /nowhere: there is no such folder", "dashboard", "/nowhere")]
    [InlineData("--port 70000: a port is 0 to 65535", "dashboard", "OUT", "--port", "70000")]
    [InlineData("--address localhost: an IP address", "dashboard", "OUT", "--address", "localhost")]
    [InlineData("--token: at least 8 characters", "dashboard", "OUT", "--token", "short")]
    [InlineData("it does not delete everything", "runs", "clean", "--out", "OUT")]
    [InlineData("--older -1: at least 0 days", "runs", "clean", "--older", "-1", "--out", "OUT")]
    [InlineData("--every 0: at least 1", "runs", "watch", "--every", "0", "--out", "OUT")]
    [InlineData("there is no run 'latest'", "runs", "show", "--out", "OUT")]
    [InlineData("there is no run '../..'", "runs", "show", "../..", "--out", "OUT")]
    [InlineData("there is no run ''", "runs", "show", "", "--out", "OUT")]
    public void What_is_given_by_mistake_is_refused_in_one_line(string says, params string[] words)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "proc"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "a,b"));
        var (exit, output, error) = CapturedConsole.Run(() => InteractiveTool.Run([.. words.Select(w => w.Replace("OUT", folder.Path))]));
        Assert.Equal((2, "", 1), (exit, output, error.TrimEnd('\n').Split('\n').Length));
        Assert.Contains(says, error);
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }
}
