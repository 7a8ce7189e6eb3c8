using System.Diagnostics;

namespace Interactive.Engine.Tests.Collectives;

/// <summary>Hosts made of network namespaces by <c>bench/rig/hosts</c>, for the length of a test.</summary>
internal sealed class Rig : IDisposable
{
    readonly string script = Path.Combine(Root(), "bench", "rig", "hosts");
    readonly string name = $"itest{Environment.ProcessId}";
    readonly int hosts;

    /// <summary>Makes the hosts, or skips the test with the reason why it cannot.</summary>
    public Rig(int hosts, string rate)
    {
        this.hosts = hosts;
        var (possible, reason) = Call("check");
        Skip.IfNot(possible, reason);
        Call("down");
        var (made, error) = Call("up", $"{hosts}", rate);
        if (made) return;
        Dispose();
        Skip.If(true, $"hosts cannot be made here: {error}");
    }

    /// <summary>The test worker on all hosts, a rank each.</summary>
    public MpiJob Start(string arguments, params (string Name, string Value)[] environment)
    {
        var worker = Path.Combine(AppContext.BaseDirectory, "Interactive.MpiWorker.dll");
        var dotnet = Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet" ? host : "dotnet";
        var start = Command(["run", $"{hosts}", "1",
            .. environment.SelectMany(variable => new[] { "-x", variable.Name }), dotnet, worker,
            .. arguments.Split(' ')]);
        foreach (var (variable, value) in environment) start.Environment[variable] = value;
        return MpiJob.Start(start);
    }

    /// <summary>
    /// A command on the first host from which mpirun, without options of its own, starts one rank on every host. Its
    /// ranks have its environment.
    /// </summary>
    /// <param name="hostfile">Where to write the list of hosts.</param>
    public ProcessStartInfo FromFirstHost(string hostfile, params string[] command)
    {
        const string Network = "10.77.0.0/24";
        File.WriteAllLines(hostfile, Enumerable.Range(1, hosts).Select(host => $"10.77.0.{host} slots=1"));
        var start = Command(["on", "0", .. command]);
        foreach (var (parameter, value) in new[]
        {
            ("orte_default_hostfile", hostfile), ("plm", "rsh"), ("plm_rsh_agent", $"{script} agent"),
            ("oob_tcp_if_include", Network), ("btl_tcp_if_include", Network), ("btl",
                "tcp,self"), ("mpi_yield_when_idle", "1"),
        }) start.Environment[$"OMPI_MCA_{parameter}"] = value;
        return start;
    }

    /// <summary>Cuts a host off, or connects it again.</summary>
    public void Link(int host, bool isUp)
    {
        var (done, error) = Call("link", $"{host}", isUp ? "up" : "down");
        Assert.True(done, error);
    }

    public void Dispose() => Call("down");

    (bool Success, string Error) Call(params string[] arguments)
    {
        var start = Command(arguments);
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        return (process.ExitCode == 0, error);
    }

    ProcessStartInfo Command(string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [script, .. arguments]) { UseShellExecute = false };
        start.Environment["RIG"] = name;
        return start;
    }

    static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Interactive.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("the tests run inside the repository");
    }
}
