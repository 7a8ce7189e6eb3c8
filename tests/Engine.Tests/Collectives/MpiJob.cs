using System.Diagnostics;
using System.Text;
using Interactive.Collectives.Mpi;

namespace Interactive.Engine.Tests.Collectives;

/// <summary>A job of the test worker under a real mpirun.</summary>
sealed class MpiJob : IDisposable
{
    readonly Process process;
    readonly StringBuilder output = new();

    MpiJob(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        process = new Process { StartInfo = start };
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Everything written so far to stdout and stderr.</summary>
    public string Output { get { lock (output) return output.ToString(); } }

    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static MpiJob Start(MpiFlavor flavor, int ranks, string arguments,
        params (string Name, string Value)[] environment)
    {
        Skip.If(MpiLauncher.Installed().All(entry => entry.Flavor != flavor), $"{flavor} is not installed");
        var worker = Path.Combine(AppContext.BaseDirectory, "Interactive.MpiWorker.dll");
        var start = MpiLauncher.Command(ranks,
            [Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet" ? host : "dotnet", worker,
            .. arguments.Split(' ')], flavor);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new MpiJob(start);
    }

    /// <summary>A job under a command of its own.</summary>
    public static MpiJob Start(ProcessStartInfo command) => new(command);

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public int Wait(int seconds)
    {
        if (!process.WaitForExit(TimeSpan.FromSeconds(seconds)))
            throw new TimeoutException($"the job has not ended within {seconds} s:\n{Output}");
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>The process id that a rank has printed as "rank R pid P".</summary>
    public int Pid(int rank)
    {
        for (var deadline = Environment.TickCount64 + 20_000; Environment.TickCount64 < deadline; Thread.Sleep(20))
            if (Lines.Select(line => line.Trim().Split(' '))
                .FirstOrDefault(words => words is ["rank", var r, "pid", _] && r == rank.ToString()) is { } found)
                return int.Parse(found[3]);
        throw new TimeoutException($"rank {rank} has not printed its pid:\n{Output}");
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output) output.Append(line.Data).Append('\n');
    }
}
