using System.Globalization;
using Interactive.Kernel.Hosting.Queues;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>The simulator beside what it simulates: a real Slurm whose scheduler backfills.</summary>
[Trait("Speed", "long")]
public sealed class QueueSlurmTests
{
    // Eight cores stand for eight GPUs, a second of sleep for a second of work; limits, by which Slurm plans, are a minute for each of
    // them. The second and the sixth job hold up the queue; the third and the fifth fit in before the second, the fourth would delay it.
    [SkippableFact]
    public async Task Jobs_start_in_the_order_of_a_real_Slurm()
    {
        var (cluster, why) = SlurmCluster.Start(26997);
        Skip.If(cluster is null, why);
        using var _ = cluster;
        (int Gpus, int Seconds)[] trace = [(6, 14), (8, 6), (2, 8), (2, 16), (2, 3), (7, 2), (6, 8)];
        var ids = trace.Select(job => cluster.Run($"sbatch --parsable --ntasks={job.Gpus} --time={job.Seconds} --output=/dev/null --wrap='sleep {job.Seconds}'").Trim()).ToList();
        for (var waited = 0; cluster.Run("squeue -h").Trim().Length > 0; waited++)
        {
            Assert.True(waited < 240, cluster.Run("squeue"));
            await Task.Delay(1000);
        }
        DateTime Start(string id) => DateTime.Parse(cluster.Run($"scontrol show job {id} | grep -o 'StartTime=[^ ]*'").Trim()["StartTime=".Length..], CultureInfo.InvariantCulture);
        var real = ids.Select(id => (Start(id) - Start(ids[0])).TotalSeconds).ToList();
        var simulated = QueueSimulator.Starts([.. trace.Select(job => new QueuedJob(0, job.Seconds, job.Gpus, "", ""))], 8, QueuePolicy.Find("backfill"));
        Assert.Equal([0, 14, 0, 20, 8, 36, 20], simulated);
        // those that the simulator starts at one moment have no order
        for (var i = 0; i < trace.Length; i++)
            for (var j = 0; j < trace.Length; j++)
                Assert.True(simulated[i] >= simulated[j] || real[i] < real[j], $"job {i} before {j}: {string.Join(' ', simulated)} simulated, {string.Join(' ', real)} of Slurm");
    }
}
