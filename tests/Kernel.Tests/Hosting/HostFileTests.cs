using System.Diagnostics;
using Interactive.Kernel.Hosting.Hosts;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

public sealed class HostFileTests
{
    [Fact]
    public void Either_form_is_read()
        => Assert.Equal([("a", 1), ("node-2.example", 4), ("c_3", 2)], HostFile.Parse(["# hosts", "a", "", " node-2.example:4 # fast", "c_3  slots = 2"], "hosts"));

    [Theory]
    [InlineData("a:0")]
    [InlineData("a:x")]
    [InlineData("a b")]
    [InlineData("a slots=99999999999")]
    [InlineData("--oversubscribe")] // no option of a launcher's
    [InlineData("# nobody")]
    public void What_is_no_host_is_refused(string line)
        => Assert.StartsWith("--hostfile hosts", Assert.Throws<UsageException>(() => HostFile.Parse([line], "hosts")).Message);

    [Theory]
    [InlineData("mpirun.openmpi", "a slots=2\nb slots=1\n", "--hostfile")]
    [InlineData("mpirun.mpich", "a:2\nb:1\n", "-f")]
    public void A_launcher_has_it_in_its_own_form(string launcher, string form, string option)
    {
        using var folder = new TemporaryFolder();
        var start = new ProcessStartInfo(launcher, ["-n", "3", "program"]) { Environment = { ["INTERACTIVE_RUN_NOTE"] = "note" } };
        using (var hosts = HostFile.Read(folder.Write("hosts", "a:2\nb\n"), 3)) hosts.AddTo(start);
        Assert.Equal(option, start.ArgumentList[0]);
        Assert.Equal(launcher.EndsWith("openmpi", StringComparison.Ordinal), start.ArgumentList.Contains("INTERACTIVE_RUN_NOTE"));
        Assert.False(File.Exists(start.ArgumentList[1])); // gone with the launch
        using var again = HostFile.Read(folder.Write("hosts", "a:2\nb\n"), 3);
        again.AddTo(start);
        Assert.Equal(form, File.ReadAllText(start.ArgumentList[1]));
        Assert.Contains("3 places on 2 hosts for 4 ranks", Assert.Throws<UsageException>(() => HostFile.Read(folder.Write("hosts", "a:2\nb\n"), 4)).Message);
    }

    // What stands for SSH here starts the launcher's part on this machine, without this process' environment.
    [SkippableTheory, Trait("Speed", "long")]
    [InlineData("openmpi", "OMPI_MCA_plm_rsh_agent")]
    [InlineData("mpich", "HYDRA_LAUNCHER_EXEC")]
    public async Task Ranks_are_spread_over_the_hosts(string mpi, string variable)
    {
        Skip.IfNot(File.Exists($"/usr/bin/mpirun.{mpi}"), $"mpirun.{mpi} is not installed");
        using var folder = new TemporaryFolder();
        var agent = folder.Write("agent", $"#!/bin/bash\nwhile [[ $1 == -* ]]; do shift; done\necho $1 >>{folder.Path}/asked\nhost=$1; shift\nexec env -i PATH=\"$PATH\" HOME=\"$HOME\" INTERACTIVE_HOST=$host bash -c \"$*\"\n");
        File.SetUnixFileMode(agent, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var script = folder.Write("who.csx", """
            var world = Interactive.Collectives.World.Current;
            if (world.Rank == 0) Console.WriteLine(string.Join(' ', world.Hosts));
            """);
        var (exit, output, error) = await InteractiveProcess.RunUnder((variable, agent), "launch", "-n", "3", "--mpi", mpi, "--hostfile", folder.Write("hosts", "alpha:2\nbeta slots=1\n"), script);
        Assert.True(exit == 0, error + output);
        Assert.Equal("alpha alpha beta", output.Trim());
        Assert.Equal(["alpha", "beta"], File.ReadLines(Path.Combine(folder.Path, "asked")).Distinct().Order());
    }
}
