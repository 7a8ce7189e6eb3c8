using System.Diagnostics;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// A Slurm of one node on this machine, in a folder of its own; needs root and Debian's slurm-wlm and munge.
/// </summary>
internal sealed class SlurmCluster : IDisposable
{
    private readonly List<Process> daemons = [];

    private SlurmCluster(string folder) => Folder = folder;

    public string Folder { get; }
    public string Configuration => Path.Combine(Folder, "slurm.conf");

    /// <summary>Starts one, or says why that cannot be.</summary>
    public static (SlurmCluster? Cluster, string Why) Start(int port)
    {
        foreach (var program in new[] { "/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged", "/usr/bin/sbatch" })
            if (!File.Exists(program)) return (null, $"{program} is not installed (slurm-wlm, munge)");
        if (Environment.UserName != "root") return (null, "a Slurm cluster of one's own needs root");
        if (!Shell("pgrep -x munged || { mkdir -p /run/munge; chown munge: /run/munge; runuser -u munge -- munged; }; munge -n | unmunge")) return (null, "munged does not start");
        var cluster = new SlurmCluster(Directory.CreateTempSubdirectory("slurm").FullName);
        foreach (var part in new[] { "state", "spool", "run", "log", "tmp" })
            Directory.CreateDirectory(Path.Combine(cluster.Folder, part));
        File.WriteAllText(cluster.Configuration, $"""
            ClusterName=test
            SlurmctldHost=localhost(127.0.0.1)
            AuthType=auth/munge
            CredType=cred/munge
            SlurmUser=root
            SlurmdUser=root
            SlurmctldPort={port}
            SlurmdParameters=config_overrides
            StateSaveLocation={cluster.Folder}/state
            SlurmdSpoolDir={cluster.Folder}/spool
            SlurmctldPidFile={cluster.Folder}/run/slurmctld.pid
            SlurmdPidFile={cluster.Folder}/run/slurmd.pid
            SlurmctldLogFile={cluster.Folder}/log/slurmctld.log
            SlurmdLogFile={cluster.Folder}/log/slurmd.log
            ReturnToService=2
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            MpiDefault=none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_Core
            SchedulerType=sched/backfill
            JobRequeue=1
            KillWait=5
            AccountingStorageType=accounting_storage/none
            TmpFS={cluster.Folder}/tmp
            NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={port + 1} CPUs=4 RealMemory=4000 State=UNKNOWN
            PartitionName=main Nodes=n1 Default=YES MaxTime=INFINITE State=UP

            """);
        cluster.daemons.Add(Process.Start("/usr/sbin/slurmctld", ["-D", "-f", cluster.Configuration, "-c"]));
        cluster.daemons.Add(Process.Start("/usr/sbin/slurmd", ["-D", "-f", cluster.Configuration, "-N", "n1"]));
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(40); Thread.Sleep(500))
            if (Shell($"SLURM_CONF={cluster.Configuration} sinfo -h -o %T | grep -q idle")) return (cluster, "");
        cluster.Dispose();
        return (null, "Slurm does not come up here");
    }

    /// <summary>Runs one of Slurm's commands there.</summary>
    public string Run(string command)
    {
        using var process =
            Process.Start(new ProcessStartInfo("bash",
            ["-c", command])
            { RedirectStandardOutput = true, Environment = { ["SLURM_CONF"] = Configuration } })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    private static bool Shell(string command)
    {
        using var process =
            Process.Start(new ProcessStartInfo("bash",
            ["-c", command])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    public void Dispose()
    {
        Run("scancel --state=RUNNING --me; scancel --me");
        foreach (var daemon in daemons)
        {
            daemon.Kill(entireProcessTree: true);
            daemon.WaitForExit();
            daemon.Dispose();
        }
        Directory.Delete(Folder, recursive: true);
    }
}
