using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Interactive.Monitoring;
using Interactive.Collectives.Mpi;
using Interactive.Engine.Tests.Collectives;

namespace Interactive.Engine.Tests.Training;

/// <summary>The trainer over real MPI processes.</summary>
[Trait("Speed", "slow")]
public sealed class RankTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ranks").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private MpiJob Start(int ranks, string arguments = "", MpiFlavor flavor = MpiFlavor.OpenMpi, string scenario = "train")
        => MpiJob.Start(flavor, ranks, $"{scenario} {folder} {arguments}".TrimEnd());

    private static Dictionary<int, double> Losses(MpiJob job) => job.Lines.Select(line => line.Trim().Split(' '))
        .Where(words => words is ["step", _, "loss", _]).ToDictionary(words => int.Parse(words[1]), words => double.Parse(words[3], CultureInfo.InvariantCulture));

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi, 1)]
    [InlineData(MpiFlavor.OpenMpi, 2)]
    [InlineData(MpiFlavor.OpenMpi, 3)]
    [InlineData(MpiFlavor.OpenMpi, 4)]
    [InlineData(MpiFlavor.Mpich, 3)]
    public void All_ranks_hold_the_same_bits_after_50_steps(MpiFlavor flavor, int ranks)
    {
        using var job = Start(ranks, flavor: flavor);
        Assert.True(job.Wait(120) == 0, job.Output);
        var hashes = job.Lines.Select(line => line.Trim().Split(' ')).Where(words => words is ["rank", _, "hash", _]).Select(words => words[3]).ToArray();
        Assert.Equal(ranks, hashes.Length);
        Assert.Single(hashes.Distinct());
        Assert.Equal(50, Losses(job).Count);
    }

    [SkippableFact]
    public void Four_ranks_with_a_quarter_of_the_batch_each_have_the_loss_of_one()
    {
        using var one = Start(1, "--name one");
        Assert.True(one.Wait(120) == 0, one.Output);
        using var four = Start(4, "--name four");
        Assert.True(four.Wait(120) == 0, four.Output);
        var expected = Losses(one);
        Assert.Equal(50, expected.Count);
        foreach (var (step, loss) in Losses(four)) Assert.Equal(1, loss / expected[step], 1e-5);
    }

    [SkippableFact]
    public void In_bf16_ranks_hold_the_same_bits_of_fp32_and_deterministic_training_those_of_one_rank()
    {
        string[] Hashes(int ranks, string more)
        {
            using var job = Start(ranks, $"--precision bf16 --name r{ranks}{more.Length} {more}".TrimEnd(), scenario: "train-bn");
            Assert.True(job.Wait(120) == 0, job.Output);
            return [.. job.Lines.Select(line => line.Trim().Split(' ')).Where(words => words is ["rank", _, "hash", _]).Select(words => words[3])];
        }
        Assert.Single(Hashes(2, "").Distinct());
        var one = Assert.Single(Hashes(1, "--deterministic"));
        Assert.Equal([one, one], Hashes(2, "--deterministic"));
        Assert.Equal([one, one], Hashes(2, "--deterministic --zero 1"));
    }

    // Batch norm and dropout too: losses, evaluations, parameters and running statistics.
    [SkippableFact]
    public void Deterministic_training_has_the_same_bits_at_1_2_and_4_ranks()
    {
        string[] Bits(int ranks, MpiFlavor flavor, string more = "")
        {
            using var job = Start(ranks, $"--deterministic --name r{ranks}{flavor} {more}".TrimEnd(), flavor, "train-bn");
            Assert.True(job.Wait(120) == 0, job.Output);
            return [.. job.Lines.Select(line => line.Trim()).Where(line => line.StartsWith("step ") || line.StartsWith("evaluation ") || line.StartsWith("rank 0 hash "))];
        }
        var one = Bits(1, MpiFlavor.OpenMpi);
        Assert.Equal(50 + 2 + 1, one.Length);
        Assert.Equal(one, Bits(2, MpiFlavor.OpenMpi));
        Assert.Equal(one, Bits(4, MpiFlavor.OpenMpi));
        Assert.Equal(one, Bits(4, MpiFlavor.Mpich));
        Assert.Equal(one, Bits(2, MpiFlavor.OpenMpi, "--zero 1 --bucket-bytes 999"));
        Assert.Equal(one, Bits(4, MpiFlavor.OpenMpi, "--zero 2 --bucket-bytes 999"));
    }

    [SkippableFact]
    public void Fine_tuning_has_the_same_bits_on_one_rank_on_two_and_under_a_budget()
    {
        string[] Bits(int ranks, string name, string more = "")
        {
            using var job = Start(ranks, $"--deterministic --name {name} {more}".TrimEnd(), scenario: "fine-tune");
            Assert.True(job.Wait(120) == 0, job.Output);
            return [.. job.Lines.Select(line => line.Trim().Split(' ')).Where(words => words is ["rank", _, "hash", _]).Select(words => words[3])];
        }
        var one = Assert.Single(Bits(1, "one"));
        Assert.Equal([one, one], Bits(2, "two"));
        Assert.Equal([one, one], Bits(2, "budget", "--memory-budget 70%"));
    }

    [SkippableFact]
    public void Training_over_MPI_NET_has_the_bits_of_our_own_binding()
    {
        string[] Bits(string scenario)
        {
            using var job = Start(2, $"--deterministic --name {scenario}", MpiFlavor.Mpich, scenario);
            Assert.True(job.Wait(120) == 0, job.Output);
            return [.. job.Lines.Select(line => line.Trim()).Where(line => line.StartsWith("step ") || line.StartsWith("evaluation ") || line.StartsWith("rank 0 hash "))];
        }
        var own = Bits("train-bn");
        Assert.Equal(50 + 2 + 1, own.Length);
        Assert.Equal(own, Bits("train-mpinet"));
    }

    [SkippableFact]
    public void Deterministic_training_refuses_ranks_that_cannot_share_the_shards()
    {
        using var job = Start(3, "--deterministic");
        Assert.NotEqual(0, job.Wait(30));
        Assert.Contains("3 ranks cannot share 8 shards evenly", job.Output);
    }

    [SkippableFact]
    public void A_run_whose_rank_was_killed_resumes_to_the_metrics_of_a_whole_one()
    {
        using var whole = Start(2, "--name whole --epochs 8");
        Assert.True(whole.Wait(120) == 0, whole.Output);
        using (var cut = Start(2, "--name cut --epochs 8"))
        {
            var pid = cut.Pid(1);
            SpinWait.SpinUntil(() => Losses(cut).ContainsKey(33), TimeSpan.FromSeconds(60));
            using var victim = Process.GetProcessById(pid);
            victim.Kill();
            Assert.NotEqual(0, cut.Wait(10));
            Assert.DoesNotContain(" hash ", cut.Output); // it did not get to the end first
        }
        using var resumed = Start(2, "--name cut --epochs 8 --resume");
        Assert.True(resumed.Wait(120) == 0, resumed.Output);
        Assert.Contains("resuming", resumed.Output);
        Assert.Equal(Metrics("whole"), Metrics("cut"));
        Assert.Equal(Hash(whole), Hash(resumed));
    }

    [SkippableFact]
    public void A_rank_killed_while_it_writes_a_checkpoint_loses_nothing()
    {
        using var whole = Start(2, "--name whole --max-steps 12 --checkpoint-every 1 --optimizer adam", scenario: "train-large");
        Assert.True(whole.Wait(120) == 0, whole.Output);
        // The rank kills itself when it sees its own half-written file; a slow machine may see it too late, once or twice.
        var leftovers = 0;
        for (var attempt = 0; attempt < 4 && leftovers == 0; attempt++)
        {
            using var cut = Start(2, "--name cut --max-steps 12 --checkpoint-every 1 --optimizer adam --resume", scenario: "train-large-killed");
            Assert.NotEqual(0, cut.Wait(120));
            Assert.DoesNotContain(" hash ", cut.Output);
            leftovers = Directory.GetFiles(folder, "*.tmp", SearchOption.AllDirectories).Length;
        }
        Assert.Equal(1, leftovers);
        using var resumed = Start(2, "--name cut --max-steps 12 --checkpoint-every 1 --optimizer adam --resume", scenario: "train-large");
        Assert.True(resumed.Wait(120) == 0, resumed.Output);
        Assert.Contains("resuming", resumed.Output);
        Assert.Equal(Hash(whole), Hash(resumed));
        Assert.Empty(Directory.GetFiles(folder, "*.tmp", SearchOption.AllDirectories));
    }

    [SkippableFact]
    public void A_rank_that_holds_the_others_up_is_named_within_150_steps()
    {
        using var job = Start(2, "--epochs 7 --no-progress", scenario: "train-slow");
        Assert.True(job.Wait(120) == 0, job.Output);
        var line = Assert.Single(job.Lines, line => line.Contains("rank 1 on") && line.Contains("holds the others up"));
        Assert.EndsWith("is computing", line);
        var run = RunDirectory.Open(Assert.Single(Directory.GetDirectories(folder)));
        var times = RankTimes.Read(run);
        Assert.Equal(Enumerable.Range(1, times.Count).Select(i => 50L * i), times.Select(t => t.Step));
        Assert.All(times, t => Assert.Equal((2, 2, 2), (t.Own.Length, t.Data.Length, t.Wait.Length)));
        Assert.True(times[^1].Own[1] > times[^1].Own[0] && times[^1].Wait[0] > times[^1].Wait[1], $"{string.Join(' ', times[^1].Own)}, {string.Join(' ', times[^1].Wait)}");
        Assert.Contains(line, File.ReadAllText(Path.Combine(run.Path, "log.txt")));
        var told = Assert.Single(RunEvents.Read(run), e => e.Kind == "slow" && e.Detail.StartsWith("rank 1"));
        Assert.Equal(150, told.Step);
    }

    [SkippableFact]
    public void A_disk_that_fills_up_while_saving_ends_the_job_and_costs_no_checkpoint()
    {
        using var whole = Start(2, "--name whole --epochs 4");
        Assert.True(whole.Wait(120) == 0, whole.Output);
        var small = Path.Combine(folder, "small");
        Directory.CreateDirectory(small);
        Skip.IfNot(Mount("-t", "tmpfs", "-o", "size=144k", "tmpfs", small), "needs the right to mount a small tmpfs");
        try
        {
            using (var full = MpiJob.Start(MpiFlavor.OpenMpi, 2, $"train {small} --name full --epochs 4"))
            {
                Assert.NotEqual(0, full.Wait(60));
                Assert.Contains("No space left on device", full.Output);
            }
            Assert.True(Mount("-o", "remount,size=16m", small));
            using var resumed = MpiJob.Start(MpiFlavor.OpenMpi, 2, $"train {small} --name full --epochs 4 --resume");
            Assert.True(resumed.Wait(120) == 0, resumed.Output);
            Assert.Contains("resuming", resumed.Output);
            Assert.Equal(Hash(whole), Hash(resumed));
        }
        finally { using var unmount = Process.Start("umount", ["-l", small]); unmount.WaitForExit(); }
    }

    [SkippableFact]
    public void A_traced_run_writes_each_rank_s_timeline()
    {
        using var job = Start(2, "--name traced --max-steps 5 --trace");
        Assert.True(job.Wait(120) == 0, job.Output);
        for (var rank = 0; rank < 2; rank++)
        {
            using var trace = JsonDocument.Parse(File.ReadAllText(Directory.GetFiles(folder, $"trace-rank{rank}.json", SearchOption.AllDirectories).Single()));
            var spans = trace.RootElement.EnumerateArray().Where(e => e.GetProperty("ph").GetString() == "X").ToList();
            foreach (var name in new[] { "forward", "backward", "optimiser" }) Assert.Equal(5, spans.Count(s => s.GetProperty("name").GetString() == name));
            Assert.Equal(5, spans.Count(s => s.GetProperty("name").GetString()!.StartsWith("all-reduce "))); // one bucket holds this small model
            Assert.All(spans, s => Assert.True(s.GetProperty("dur").GetDouble() >= 0));
        }
    }

    private static bool Mount(params string[] arguments)
    {
        try
        {
            using var mount = Process.Start(new ProcessStartInfo("mount", arguments) { RedirectStandardError = true })!;
            mount.StandardError.ReadToEnd();
            mount.WaitForExit();
            return mount.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception) { return false; } // no mount program
    }

    private static string Hash(MpiJob job) => job.Lines.First(line => line.StartsWith("rank 0 hash "));

    private List<string> Metrics(string name)
        => [.. File.ReadLines(Path.Combine(Directory.GetDirectories(folder, $"*-{name}").Single(), "metrics.jsonl")).Select(line =>
        {
            using var document = JsonDocument.Parse(line);
            var e = document.RootElement;
            return $"{e.GetProperty("kind")} {e.GetProperty("step")} {e.GetProperty("loss")} {(e.TryGetProperty("accuracy", out var accuracy) ? accuracy : default)}";
        })];
}
