using Interactive.Kernel.Hosting;
using Interactive.Kernel.Hosting.Queues;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

[Collection(ProcessWide.Name)]
public sealed class QueueTests
{
    private static QueuedJob Job(double submitted, double seconds, int gpus, string user = "", string name = "")
        => new(submitted, seconds, gpus, user, name);

    private static double[] Waits(string policy, int gpus, params QueuedJob[] jobs)
        => [.. QueueSimulator.Starts(jobs, gpus, QueuePolicy.Find(policy)).Zip(jobs, (start, job) => start - job.Submitted)];

    // Worked out by hand on four GPUs: the first holds 3 until 10; the second needs 4; the third fits beside the first
    // and ends before it; the fourth fits then as well, but would still run at 10.
    [Theory]
    [InlineData("fifo", 0, 9, 18, 13)]
    [InlineData("first-fit", 0, 26, 0, 0)]
    [InlineData("backfill", 0, 9, 0, 13)]
    public void Those_behind_one_that_does_not_fit(string policy, params int[] waits)
        => Assert.Equal(waits.Select(w => (double)w), Waits(policy, 4, Job(0, 10, 3), Job(1, 10, 4), Job(2, 5, 1), Job(7, 20, 1)));

    // By hand on two GPUs, which the first job holds until 10.
    [Theory]
    [InlineData("fifo", 0, 9, 38, 57)]
    [InlineData("sjf", 0, 29, 8, 27)]
    [InlineData("gpu-time", 0, 9, 38, 7)]
    public void The_order_of_those_that_wait(string policy, params int[] waits)
        => Assert.Equal(waits.Select(w => (double)w), Waits(policy, 2, Job(0, 10, 2), Job(1, 30, 1), Job(2, 20, 2), Job(3, 25, 1)));

    // What "big" and "small" take is known from the first two; the third one only keeps the GPU.
    [Theory]
    [InlineData("fifo", 0, 99, 1, 40, 139)]
    [InlineData("qssf", 0, 99, 1, 50, 39)]
    public void Jobs_are_judged_by_those_of_the_same_name(string policy, params int[] waits)
        => Assert.Equal(waits.Select(w => (double)w), Waits(policy, 1, Job(0, 100, 1, "u", "big-1"), Job(1, 10, 1, "u", "small-1"), Job(109, 50, 1, "x"),
            Job(120, 100, 1, "u", "big-2"), Job(121, 10, 1, "u", "small-2")));

    [Theory]
    [InlineData("fifo")]
    [InlineData("first-fit")]
    [InlineData("backfill")]
    [InlineData("sjf")]
    [InlineData("gpu-time")]
    [InlineData("qssf")]
    public void No_GPU_is_held_twice_and_none_is_idle_without_reason(string policy)
    {
        const int gpus = 8;
        var random = new Random(7);
        var jobs = Enumerable.Range(0, 300).Select(i => Job(random.Next(2000), random.Next(1, 100), 1 << random.Next(4), $"u{i % 5}"))
            .OrderBy(j => j.Submitted).ToArray();
        var starts = QueueSimulator.Starts(jobs, gpus, QueuePolicy.Find(policy));
        Assert.All(jobs.Zip(starts), one => Assert.True(one.Second >= one.First.Submitted));
        foreach (var now in starts.Concat(jobs.Select((j, i) => starts[i] + j.Seconds)).Distinct())
        {
            var held = jobs.Where((j, i) => starts[i] <= now && now < starts[i] + j.Seconds).Sum(j => j.Gpus);
            Assert.True(held <= gpus, $"{held} at {now}");
            var waiting = jobs.Where((j, i) => j.Submitted <= now && starts[i] > now).ToList();
            if (waiting.Count == 0) continue;
            // one that may start does: each of them, or the one whose turn it is
            if (policy == "first-fit") Assert.All(waiting, job => Assert.True(job.Gpus > gpus - held));
            else Assert.Contains(waiting, job => job.Gpus > gpus - held);
        }
        if (policy == "fifo") Assert.Equal(starts.Order(), starts);
    }

    [Fact]
    public void A_trace_becomes_a_table()
    {
        using var folder = new TemporaryFolder();
        var trace = folder.Write("jobs.csv", "job_id,num_gpu,submit_time,model_name,duration\n1,1,5,vgg,10\n0,2,0,vgg,10\n");
        var (exit, output, _) = CapturedConsole.Run(() => InteractiveTool.Run(["cluster", "simulate", trace, "--gpus", "2", "--policy", "fifo", "--json"]));
        Assert.Equal((0, """{"jobs":2,"gpus":2,"outcomes":[{"policy":"fifo","meanCompletion":12.5,"meanWait":2.5,"longWait":5,"makespan":20,"utilization":0.75}]}""" + "\n"), (exit, output));
        Assert.Contains("backfill", CapturedConsole.Run(() => InteractiveTool.Run(["cluster", "simulate", trace, "--gpus", "2"])).Out);
    }

    [Theory]
    [InlineData("submit_time,gpus\n0,1\n", "fifo", "a column seconds or duration or run_time is needed")]
    [InlineData("submit_time,duration,gpus\n0,ten,1\n", "fifo", "line 2: duration is \"ten\"")]
    [InlineData("submit_time,duration,gpus\n0,1,4\n", "fifo", "a job of 4 GPUs never starts on --gpus 2")]
    [InlineData("submit_time,duration,gpus\n", "fifo", "holds no job")]
    [InlineData("submit_time,duration,gpus\n0,1\n", "fifo", "line 2")]
    [InlineData("", "fifo", "is empty")]
    [InlineData("submit_time,duration,gpus\n0,1,1\n", "best", "there are fifo, first-fit, backfill, sjf, gpu-time, qssf")]
    public void Bad_input_is_one_line(string text, string policy, string says)
    {
        using var folder = new TemporaryFolder();
        var trace = folder.Write("jobs.csv", text);
        var (exit, _, error) = CapturedConsole.Run(() => InteractiveTool.Run(["cluster", "simulate", trace, "--gpus", "2", "--policy", policy]));
        Assert.Equal(2, exit);
        Assert.Matches("^interactive: [^\n]*\n$", error);
        Assert.Contains(says, error);
    }
}
