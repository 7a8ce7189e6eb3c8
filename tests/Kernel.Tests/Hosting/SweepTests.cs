using System.Text.Json;
using Interactive.Kernel.Hosting.Sweeps;
using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

public sealed class SweepTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sweep").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("learning-rate")]
    [InlineData("=1,2")]
    [InlineData("a=")]
    [InlineData("a=1,,2")]
    [InlineData("a=1..")]
    [InlineData("a=2..1")]
    [InlineData("a=log:0..1")]
    [InlineData("a=log:5")]
    [InlineData("a=int:1.5..3")]
    public void What_is_no_dimension_is_refused(string text)
        => Assert.Contains(text, Assert.Throws<UsageException>(() => Dimension.Parse(text)).Message);

    [Fact]
    public void Draws_stay_in_their_range_and_reach_its_ends()
    {
        var random = new Random(1);
        var log =
            Enumerable.Range(0, 2000)
            .Select(_ => double.Parse(Dimension.Parse("--lr=log:1e-3..1").Draw(random),
            System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.InRange(log.Min(), 1e-3, 1.1e-3);
        Assert.InRange(log.Max(), 0.9, 1);
        Assert.InRange(log.Count(v => v < 0.0316), 900, 1100); // half of the orders of magnitude
        Assert.Equal(["1", "2", "3"],
            Enumerable.Range(0, 100).Select(_ => Dimension.Parse("n=int:1..3").Draw(random)).Distinct().Order());
        Assert.Equal(["a", "b"],
            Enumerable.Range(0, 100).Select(_ => Dimension.Parse("n=a,b").Draw(random)).Distinct().Order());
        // four digits would round them out of their range
        var narrow = Enumerable.Range(0, 100).Select(_ => double.Parse(Dimension.Parse("m=0.99991..0.99999").Draw(random), System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.All(narrow, m => Assert.InRange(m, 0.99991, 0.99999));
        Assert.True(narrow.Distinct().Count() > 90);
    }

    [Fact]
    public void Trials_are_functions_of_seed_and_number()
    {
        Dimension[] dimensions = [Dimension.Parse("a=0..1"), Dimension.Parse("b=x,y")];
        Assert.Equal(Trials.Random(dimensions, 9, 3).Take(5), Trials.Random(dimensions, 5, 3));
        Assert.NotEqual(Trials.Random(dimensions, 5, 4), Trials.Random(dimensions, 5, 3));
        Assert.Equal(["1 x", "1 y", "2 x", "2 y"],
            Trials.Grid([Dimension.Parse("a=1,2"), dimensions[1]]).Select(t => string.Join(' ', t)));
        Assert.Throws<UsageException>(() => Trials.Grid(dimensions));
    }

    [Fact]
    public void Halving_keeps_the_best_third_at_each_rung()
    {
        var halving = new Halving(3, higherIsBetter: true);
        Assert.Equal([true, false, true, false, false, true],
            new[] { 0.5, 0.4, 0.6, 0.55, double.NaN, 0.58 }.Select(v => halving.GoesOn(1, v)));
        Assert.True(halving.GoesOn(2, 0)); // no rung
        Assert.True(halving.GoesOn(3, 0.1));
        Assert.False(halving.GoesOn(3, 0.05));
        Assert.False(new Halving(3, higherIsBetter: false) is var low && low.GoesOn(1, 1) && low.GoesOn(1, 2));
    }

    // A trial that has been run already when it is asked: 0.1 and 0.2 are rmse and r2 of the first, 0.3 and 0.4 of the second.
    private sealed class Done : ITrialProcess
    {
        public Done(string runs, string name, int trial)
        {
            var run = RunDirectory.Create(runs, name);
            File.WriteAllText(Path.Combine(run.Path, "config.json"), """{"bestBy":"r2","higherIsBetter":true,"lowerIsBetter":["rmse"]}""");
            File.WriteAllText(run.Metrics, FormattableString.Invariant($$"""{"kind":"eval","step":1,"epoch":0,"loss":1,"rmse":{{0.1 + 0.2 * trial}},"r2":{{0.2 + 0.2 * trial}}}""") + "\n");
            run.Finish();
        }
        public bool WaitForExit(TimeSpan time) => true;
        public void Ask() { }
        public bool IsInterrupted => false;
        public int ExitCode => 0;
        public void Dispose() { }
    }

    private IReadOnlyList<TrialRecord> Sweep(string name, string? metric = null)
    {
        var dimension = Dimension.Parse("a=1,2");
        return new Sweep(Path.Combine(folder, $"sweep-{name}"), [dimension], Trials.Grid([dimension]), (run, flags, _) => new Done(folder, run, int.Parse(flags[1]) - 1),
            folder, 1, 0, metric).Run(new { name });
    }

    [Fact]
    public void Trials_are_compared_by_what_is_better_of_the_metric_asked_for()
    {
        string Best(string name, string? metric) => Kernel.Hosting.Sweeps.Sweep.Ranking(Sweep(name, metric)).Rows[0][0];
        Assert.Equal(["2", "2", "1", "1"], new[] { Best("a", null), Best("b", "r2"), Best("c", "rmse"), Best("d", "loss") });
        Assert.Equal("--metric mae: the runs measure loss, rmse, r2", Assert.Throws<UsageException>(() => Sweep("e", "mae")).Message);
    }

    [Fact]
    public void Runs_of_an_earlier_sweep_of_the_name_are_no_trials_of_this_one()
    {
        Assert.Equal(2, Sweep("net").Count);
        Assert.Equal(2, Sweep("net").Count); // the same goes on
        Directory.Delete(Path.Combine(folder, "sweep-net"), recursive: true);
        Assert.Contains("runs of an earlier sweep of this name, such as", Assert.Throws<UsageException>(() => Sweep("net")).Message);
        Assert.Equal(2, Sweep("net-2").Count);
    }

    // A trial that evaluates nine times, so often at each look; asked to end, it evaluates once more before it does.
    private sealed class Paced(RunDirectory run, IReadOnlyList<double> values, int pace, bool isCut, Action<int> asked) : ITrialProcess
    {
        private int written;
        private bool isAsked;

        public bool WaitForExit(TimeSpan time)
        {
            var until = isCut ? Math.Min(2, values.Count) : Math.Min(values.Count, written + (isAsked ? 1 : pace));
            while (written < until)
                File.AppendAllText(run.Metrics, FormattableString.Invariant($$"""{"kind":"eval","step":{{++written}},"epoch":0,"loss":{{(double.IsNaN(values[written - 1]) ? "\"NaN\"" : (object)values[written - 1])}}}""") + "\n");
            if (written == values.Count) run.Finish();
            return isAsked || isCut || written == values.Count;
        }

        public void Ask()
        {
            isAsked = true;
            asked(written);
        }

        public bool IsInterrupted => isCut;
        public int ExitCode => isAsked ? 143 : isCut ? 130 : 0;
        public void Dispose() { }
    }

    // Which trials ASHA stopped, and after which evaluation, of a sweep that is cut in one of them and gone on with.
    private List<string> Stopped(string name, int pace, int? cut)
    {
        var dimension = Dimension.Parse($"a={string.Join(',', Enumerable.Range(1, 14))}");
        var stopped = new SortedDictionary<int, string>();
        for (var start = cut is null ? 1 : 0; start < 2; start++)
        {
            ITrialProcess Start(string run, IReadOnlyList<string> flags, string note)
            {
                var trial = int.Parse(flags[1]);
                var directory = RunDirectory.NewestUnfinished(folder, run) ?? RunDirectory.Create(folder, run);
                File.WriteAllText(Path.Combine(directory.Path, "config.json"), """{"bestBy":"loss","higherIsBetter":false}""");
                File.WriteAllText(directory.Metrics, "");
                var values = Enumerable.Range(1, 9).Select(e => trial is 5 && e == 3 ? double.NaN : trial is 8 or 9 ? 0.5 : Math.Abs(Math.Sin(trial * 17 + e * trial))).ToList();
                return new Paced(directory, values, pace, isCut: start == 0 && trial == cut, at => stopped[trial] = $"{trial} after {at}");
            }
            var done = new Sweep(Path.Combine(folder, $"sweep-{name}"), [dimension], Trials.Grid([dimension]), Start, folder, 1, 3, null).Run(new { name });
            Assert.Equal(start == 0 ? cut - 1 : 14, done.Count);
        }
        return [.. stopped.Values];
    }

    // Later trials are judged by what earlier ones have measured: each number once, up to where its trial was stopped, whether it
    // was looked at in time, when the trial had ended, or by the second start of the sweep.
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(9)] // ends before anybody looks
    public void A_sweep_that_is_gone_on_with_stops_the_trials_that_an_uncut_one_stops(int pace)
    {
        var whole = Stopped($"whole{pace}", pace, cut: null);
        foreach (var cut in new[] { 2, 6, 10, 13 }) Assert.Equal(whole, Stopped($"cut{pace}-{cut}", pace, cut));
        if (pace == 1) Assert.InRange(whole.Count, 5, 13);
    }

    [Theory]
    [InlineData("--set name=a: a sweep gives", "--set", "name=a")]
    [InlineData("--out stands behind --", "--", "--out", "elsewhere")]
    [InlineData("--name is part of a folder's name", "--name", "a/b")]
    [InlineData("--time is for jobs of Slurm", "--time", "5")]
    [InlineData("--at-once 0", "--at-once", "0")]
    [InlineData("--nodes 0", "--slurm", "--nodes", "0")]
    [InlineData("--ranks 3 on --nodes 2", "--slurm", "--nodes", "2", "--ranks", "3")]
    [InlineData("--time soon", "--slurm", "--time", "soon")]
    public async Task What_is_no_job_is_refused_in_one_line(string line, params string[] options)
    {
        var (exit, _, error) = await InteractiveProcess.RunIn(ProjectFolder.Root, null,
            ["sweep", "notebooks/first.csx", "--set", "batch-size=64", "--out", Path.Combine(Path.GetTempPath(), "no-sweep"), .. options]);
        Assert.Equal((2, 1), (exit, error.Trim().Split('\n').Length));
        Assert.Contains(line, error);
    }

    [Fact, Trait("Speed", "slow")]
    public async Task A_sweep_is_gone_on_with_and_runs_no_trial_twice()
    {
        string[] sweep = ["sweep", Path.Combine(ProjectFolder.Root, "notebooks", "first.csx"), "--out", folder, "--set",
            "learning-rate=0.1,0.01", "--set", "overlap=true,false", "--json", "--", "--epochs", "1"];
        string[] two = [.. sweep[..3], folder, .. sweep[4..9], "--json", "--trials", "2", "--search", "grid",
            .. sweep[9..]];
        var (exit, output, error) = await InteractiveProcess.RunIn(ProjectFolder.Root, null, two);
        Assert.True(exit == 0, error);
        Assert.Equal(2, Finished(output));
        (exit, output, error) = await InteractiveProcess.RunIn(ProjectFolder.Root, null, sweep);
        Assert.True(exit == 0, error);
        Assert.Equal(4, Finished(output));
        Assert.Equal(4, Directory.GetDirectories(folder, "*-sweep-first-00?").Length);
        (exit, _, error) = await InteractiveProcess.RunIn(ProjectFolder.Root, null, [.. sweep[..^1], "2"]);
        Assert.Equal(2, exit);
        Assert.Contains("another sweep", error);

        (exit, output,
            error) = await InteractiveProcess.RunIn(ProjectFolder.Root, null, "runs", "list", "--out", folder,
            "--filter", "overlap=false", "--sort", "-accuracy", "--json");
        Assert.True(exit == 0, error);
        var runs = JsonDocument.Parse(output).RootElement.GetProperty("runs");
        Assert.Equal(2, runs.GetArrayLength());
        Assert.Equal("finished", runs[0].GetProperty("state").GetString());
        Assert.True(runs[0].GetProperty("metrics").GetProperty("accuracy")
            .GetDouble() >= runs[1].GetProperty("metrics").GetProperty("accuracy").GetDouble());
        foreach (var arguments in new[] { "show", "ettr", "watch", "ettr --all", "clean --checkpoints --yes" })
            Assert.Equal(0,
                (await InteractiveProcess.RunIn(ProjectFolder.Root, null,
                ["runs", .. arguments.Split(' '), "--out", folder])).Exit);
        Assert.Empty(Directory.GetFiles(folder, "step-*", SearchOption.AllDirectories));
        foreach (var wrong in new[] { "show nothing", "list --sort nothing", "list --filter nothing", "clean", "compare a b", "watch --every 0", "list --out /nowhere" })
        {
            var refused = await InteractiveProcess.RunIn(ProjectFolder.Root, null,
                ["runs", .. wrong.Split(' '), .. wrong.Contains("--out") ? [] : (string[])["--out", folder]]);
            Assert.Equal((2, 1), (refused.Exit, refused.Error.Trim().Split('\n').Length));
        }
    }

    // The first trial is killed, the sweep itself in the second, and another start of it waits for neither.
    [Fact, Trait("Speed", "long")]
    public async Task What_is_killed_in_the_middle_is_gone_on_with_and_nothing_runs_twice()
    {
        var (pause, script) = (Path.Combine(folder, "pause"), Path.Combine(folder, "train.csx"));
        void Pause(string milliseconds) // whole, or not yet
        {
            File.WriteAllText(pause + ".new", milliseconds);
            File.Move(pause + ".new", pause, overwrite: true);
        }
        Pause("200");
        File.WriteAllText(script, $$"""
            using Interactive.Data; using Interactive.Graphs; using Interactive.Monitoring; using Interactive.Training;
            var data = new SyntheticData(512, new Shape(1, 8, 8), 4);
            TorchSharp.torch.manual_seed(1);
            var b = new GraphBuilder("net", data.Shape);
            new Trainer(b.Build(b.Input.Flatten().Linear(4)), data, data, CommandLine.Parse(Args, new TrainerOptions { Epochs = 1, BatchSize = 8, CheckpointEvery = 10 }), hooks: [new Slow()]).Run();
            class Slow : Hook
            {
                public override void AfterStep(Trainer trainer, TrainRecord record) => System.Threading.Thread.Sleep(int.Parse(System.IO.File.ReadAllText("{{pause}}")));
            }
            """);
        string[] sweep = ["sweep", script, "--out", folder, "--set", "learning-rate=0.1,0.05,0.01", "--json"];
        using (var first = InteractiveProcess.Start(sweep))
        {
            await Until(() => Steps(1) > 15, "the first trial trains");
            Shell($"pkill -9 -f '[i]nteractive.dll run {script}.*sweep-train-001'");
            await Until(() => Starts(1) == 2 && Steps(1) > 25, "it goes on");
            Pause("0");
            await Until(() => File.Exists(Path.Combine(folder, "sweep-train", "trials.jsonl")), "it ends");
            Pause("1000");
            await Until(() => Directory.GetDirectories(folder, "*-sweep-train-002").Length == 1 && Steps(2) is > 15 and < 60, "the second trial trains");
            var (exit, _, error) = await InteractiveProcess.Run(sweep);
            Assert.Equal(2, exit);
            Assert.Matches("^interactive: [^\n]*sweep-train is alive: [^\n]*\n$", error);
            first.Kill(); // the sweep alone: its trial ends itself
            await first.WaitForExitAsync();
        }
        Pause("0");
        var (code, output, said) = await InteractiveProcess.Run(sweep);
        Assert.True(code == 0, said);
        Assert.Equal(3, Finished(output));
        Assert.Equal([2, 2, 1], new[] { 1, 2, 3 }.Select(Starts));
        Assert.Equal([0, 1, 2], File.ReadLines(Path.Combine(folder, "sweep-train", "trials.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("trial").GetInt32()));
        foreach (var (trial, rate) in new[] { (1, "0.1"), (2, "0.05") })
        {
            var (exit, _, error) = await InteractiveProcess.Run("run", script, "--", "--out", folder, "--name", "uncut", "--learning-rate", rate);
            Assert.True(exit == 0, error);
            Assert.Equal(Losses(RunDirectory.Find(folder, "uncut")), Losses(Run(trial)));
        }
    }

    private RunDirectory Run(int trial) => RunDirectory.Open(Assert.Single(Directory.GetDirectories(folder, $"*-sweep-train-{trial:D3}")));
    private int Starts(int trial) => RunEvents.Read(Run(trial)).Count(e => e.Kind == "start");
    private int Steps(int trial) => Directory.GetDirectories(folder, $"*-sweep-train-{trial:D3}").Select(d => Path.Combine(d, "metrics.jsonl")).Where(File.Exists).Sum(f => File.ReadLines(f).Count());
    private static string[] Losses(RunDirectory run)
        => [.. File.ReadLines(run.Metrics).Select(line => JsonDocument.Parse(line).RootElement).Select(e => $"{e.GetProperty("step")} {e.GetProperty("loss").GetRawText()}")];

    private static void Shell(string command)
    {
        using var shell = System.Diagnostics.Process.Start("bash", ["-c", command]);
        shell.WaitForExit();
    }

    private static async Task Until(Func<bool> holds, string what)
    {
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); !holds(); await Task.Delay(200))
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(4), $"{what}: not within 4 minutes");
    }

    private static int Finished(string output)
        => JsonDocument.Parse(output.Trim().Split('\n')[^1]).RootElement.GetProperty("trials").EnumerateArray()
        .Count(t => t.GetProperty("state").GetString() == "finished" && t.GetProperty("values").GetArrayLength() == 1);
}
