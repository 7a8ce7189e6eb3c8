using System.Diagnostics;
using Interactive.Kernel.Directives;

namespace Interactive.Kernel.Tests.Hosting;

public sealed class JobProcessesTests
{
    private static Process Sleeper(JobProcesses job)
    {
        var start = new ProcessStartInfo("sleep", "300");
        job.AddTo(start);
        return Process.Start(start)!;
    }

    [Fact]
    public void WhatALauncherLeaves_IsEnded_AndNothingElse()
    {
        JobProcesses mine = new(), other = new();
        using var left = Sleeper(mine);
        using var others = Sleeper(other);
        mine.KillLeft();
        Assert.True(left.WaitForExit(10_000));
        Assert.False(others.HasExited);
        other.KillLeft();
        Assert.True(others.WaitForExit(10_000));
    }

    // A shell starts the rank and is killed, as a kernel may be.
    [Fact]
    public async Task ARank_EndsWithWhatHasStartedItsJob()
    {
        using var starter = Process.Start(new ProcessStartInfo("sleep", "300"))!;
        var started = File.ReadAllText($"/proc/{starter.Id}/stat").Split(") ")[1].Split(' ')[19];
        var rank = InteractiveProcess.RunUnder(("INTERACTIVE_STARTER",
            $"{Environment.MachineName}/{starter.Id}/{started}"), "eval", "while (true) { }");
        await Task.Delay(2000);
        Assert.False(rank.IsCompleted);
        starter.Kill();
        Assert.Equal(128 + 9, (await rank.WaitAsync(TimeSpan.FromSeconds(60))).Exit);
    }

    [Fact]
    public async Task AnothersStarter_DoesNotCount() =>
        Assert.Equal(3,
            (await InteractiveProcess.RunUnder(("INTERACTIVE_STARTER", "another-machine/1/2"), "eval",
            "System.Threading.Thread.Sleep(1500); return 3;")).Exit);
}
