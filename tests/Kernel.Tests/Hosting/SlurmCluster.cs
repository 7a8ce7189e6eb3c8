using System.Diagnostics;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// A Slurm of two nodes on this machine, in a folder of its own; needs root and Debian's slurm-wlm and munge. Jobs of the partition
/// "high" take the place of those of "low".
/// </summary>
internal sealed class SlurmCluster : IDisposable
{
    private const string Controller = "";
    private readonly Dictionary<string, Process> daemons = []; // by the name of the node

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
            SlurmdSpoolDir={cluster.Folder}/spool/%n
            SlurmctldPidFile={cluster.Folder}/run/slurmctld.pid
            SlurmdPidFile={cluster.Folder}/run/slurmd-%n.pid
            SlurmctldLogFile={cluster.Folder}/log/slurmctld.log
            SlurmdLogFile={cluster.Folder}/log/slurmd-%n.log
            SlurmctldParameters=preempt_send_user_signal
            PreemptType=preempt/partition_prio
            PreemptMode=REQUEUE
            SlurmdTimeout=15
            MessageTimeout=10
            ReturnToService=2
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            MpiDefault=none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_Core
            SchedulerType=sched/backfill
            SchedulerParameters=bf_interval=1
            JobRequeue=1
            KillWait=5
            AccountingStorageType=accounting_storage/none
            TmpFS={cluster.Folder}/tmp
            NodeName=n[1-2] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[{port + 1}-{port + 2}] CPUs=4 RealMemory=4000 State=UNKNOWN
            PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
            PartitionName=low Nodes=n[1-2] MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=30
            PartitionName=high Nodes=n[1-2] MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF

            """);
        foreach (var name in new[] { Controller, "n1", "n2" }) cluster.StartDaemon(name);
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(40); Thread.Sleep(500))
            if (Shell($"[ $(SLURM_CONF={cluster.Configuration} sinfo -h -p main -t idle -o %D) = 2 ]")) return (cluster, "");
        cluster.Dispose();
        return (null, "Slurm does not come up here");
    }

    /// <summary>Starts that of a node, or the controller where the name is empty. It knows what was there before.</summary>
    public void StartDaemon(string node)
        => daemons[node] = node == Controller ? Process.Start("/usr/sbin/slurmctld", ["-D", "-f", Configuration])
            : Process.Start("/usr/sbin/slurmd", ["-D", "-f", Configuration, "-N", node]);

    /// <summary>Kills it alone: jobs and what watches over them go on.</summary>
    public void KillDaemon(string node)
    {
        daemons[node].Kill();
        daemons[node].WaitForExit();
        daemons[node].Dispose();
        daemons.Remove(node);
    }

    /// <summary>Kills a node as a loss of power does: the daemon, and a job that runs there with all of its processes.</summary>
    public void KillNode(string node, string job)
    {
        KillDaemon(node);
        Run($"pkill -9 -f 'slurmstepd: \\[{job}\\.'; for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ 2>/dev/null | grep -qx SLURM_JOB_ID={job} && kill -9 ${{p#/proc/}}; done");
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
        foreach (var daemon in daemons.Values)
        {
            daemon.Kill(entireProcessTree: true);
            daemon.WaitForExit();
            daemon.Dispose();
        }
        Directory.Delete(Folder, recursive: true);
    }
}
