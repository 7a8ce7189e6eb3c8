using System.Diagnostics;
using System.Text.Json.Nodes;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Notebooks;

[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed class MpirunTests
{
    private const string Shared = "#!shared\nusing Interactive.Collectives;\nint Twice(int x) => 2 * x;";

    private static async Task<(Notebook Notebook, Exception? Error, string Out,
        string ErrorText)> Run(params string[] cells)
    {
        var (output, error) = (Console.Out, Console.Error);
        StringWriter log = new(), errors = new();
        Console.SetOut(log);
        Console.SetError(errors);
        try
        {
            var (notebook,
                failure) = await NotebookRunner.Run(new([.. cells.Select(c => new NotebookCell(CellKind.Code, c))]),
                new ScriptGlobals(), Directory.GetCurrentDirectory());
            return (notebook, failure, log.ToString(), errors.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }

    private static void RequireMpi(string flavor)
        => Skip.IfNot(File.Exists($"/usr/bin/mpirun.{flavor}"), $"mpirun.{flavor} is not installed");

    [SkippableTheory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public async Task Output_displays_and_the_value_come_back_to_the_notebook(string flavor)
    {
        RequireMpi(flavor);
        var (notebook, error, output, _) = await Run(Shared, $$"""
            #!mpirun -n 2 --mpi {{flavor}} --as numbers
            WriteLine($"this is {World.Current.Rank}");
            if (World.Current.Rank == 0)
            {
                var shown = Interactive.Extensions.Display.DisplayExtensions.Display("one");
                shown.Update("two");
            }
            new[] { Twice(World.Current.Size), 7.5 }
            """, "numbers.Sum()");
        Assert.Null(error);
        Assert.Contains("[0] this is 0\n", output);
        Assert.Contains("[1] this is 1\n", output);
        var outputs = notebook.Cells[1].Outputs;
        Assert.Equal("two",
            outputs
            .Single(o => (string?)o["output_type"] == "display_data")["data"]!["text/plain"]![0]!.GetValue<string>());
        Assert.Equal("[4, 7.5]", outputs[^1]["data"]!["text/plain"]![0]!.GetValue<string>());
        Assert.Equal("11.5", notebook.Cells[2].Outputs[0]["data"]!["text/plain"]![0]!.GetValue<string>());
    }

    [SkippableFact]
    public async Task A_rank_that_throws_ends_the_cell_and_is_named()
    {
        RequireMpi("openmpi");
        var (_, error, _,
            text) = await Run(Shared,
            "#!mpirun -n 2\nif (World.Current.Rank == 1)\n  throw new Exception(\"lost\");\nWorld.Current.Barrier();");
        Assert.Equal("the job on 2 ranks ended with exit code 1", error!.Message);
        Assert.Contains("[1] System.Exception: lost\n[1]    at (top level) in cell-2:line 3", text);
    }

    [SkippableFact]
    public async Task What_does_not_compile_is_told_once()
    {
        RequireMpi("openmpi");
        var (_, error, _, text) = await Run("#!mpirun -n 2\nmissing();");
        Assert.NotNull(error);
        Assert.Contains("[0] cell-1(2,1): error CS0103", text);
        Assert.DoesNotContain("[1] cell-1", text);
    }

    [SkippableFact]
    public async Task An_interrupt_ends_the_ranks_and_keeps_the_session()
    {
        RequireMpi("openmpi");
        using var folder = new TemporaryFolder();
        using var session = new ScriptSession();
        BuiltInDirectives.AddTo(session.Directives);
        using var source = new CancellationTokenSource();
        var note = Path.Combine(folder.Path, "pid");
        var run = session.RunAsync($"#!mpirun -n 1\nFile.WriteAllText(\"{note}.tmp\", Environment.ProcessId.ToString()); File.Move(\"{note}.tmp\", \"{note}\");\nSystem.Threading.Thread.Sleep(-1);", "cell-1", source.Token);
        while (!File.Exists(note) && !run.IsCompleted) await Task.Delay(50);
        var rank = int.Parse(File.ReadAllText(note));
        source.Cancel();
        Assert.Equal(ScriptStatus.Interrupted, (await run).Status);
        for (var i = 0; i < 200 && Directory.Exists($"/proc/{rank}"); i++) await Task.Delay(50);
        Assert.False(Directory.Exists($"/proc/{rank}"));
        Assert.Equal(3, (await session.RunAsync("1 + 2", "cell-2")).Value);
    }

    // As when the signal that interrupts the kernel has reached the ranks first: they are gone before the cell hears of
    // it.
    [SkippableFact]
    public async Task Ranks_that_end_just_before_an_interrupt_were_interrupted()
    {
        RequireMpi("openmpi");
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        var note = Path.Combine(folder.Path, "pid");
        var cell = new RankCell("cell-1", $"""
            var parent = File.ReadAllText("/proc/self/stat").Split(')')[^1].Split(' ')[2];
            File.WriteAllText("{note}.tmp", parent); File.Move("{note}.tmp", "{note}");
            Environment.Exit(3);
            """);
        var job = new RankJob([cell], 1, Collectives.Mpi.MpiFlavor.OpenMpi,
            settle: TimeSpan.FromMinutes(5)).Run(source.Token);
        while (!File.Exists(note) && !job.IsCompleted) await Task.Delay(50);
        Assert.True(File.Exists(note));
        for (var launcher = $"/proc/{File.ReadAllText(note)}"; Directory.Exists(launcher) && !job.IsCompleted;)
            await Task.Delay(50);
        await Task.Delay(500); // in which the job may hear of it
        Assert.False(job.IsCompleted);
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => job);
    }

    [SkippableFact]
    public async Task A_saved_cell_is_a_script_for_launch_and_a_notebook_runs_under_launch()
    {
        RequireMpi("openmpi");
        using var folder = new TemporaryFolder();
        var (script, notebook) = (Path.Combine(folder.Path, "saved.csx"), Path.Combine(folder.Path, "a.ipynb"));
        new Notebook([.. new[] { Shared, $"#!mpirun -n 2 --save {script}\nWriteLine(World.Current.Rank + 10 * Twice(World.Current.Size));" }.Select(c => new NotebookCell(CellKind.Code, c))]).Write(notebook);
        // The ranks of the launch run the cell themselves.
        var (exit, output, error) = await InteractiveProcess.Run("launch", "-n", "2", "--output", notebook, notebook);
        Assert.True(exit == 0, error);
        Assert.Equal(["40", "41"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        Assert.Equal("40\n", Notebook.Read(notebook).Cells[1].Outputs[0]["text"]![0]!.GetValue<string>());
        (exit, output, error) = await InteractiveProcess.Run("launch", "-n", "3", script);
        Assert.True(exit == 0, error);
        Assert.Equal(["60", "61", "62"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Theory]
    [InlineData("[1,3]<stdout>:a:b", "[3] a:b")]
    [InlineData("[1,0]<stderr>:", "[0] ")]
    [InlineData("[2] from MPICH", "[2] from MPICH")]
    [InlineData("[a list]>:", "[a list]>:")]
    public void Both_launchers_marks_become_one(string line, string expected)
        => Assert.Equal([expected], new RankLines().Add(line));

    // Open MPI marks every piece, and what other ranks write comes in between.
    [Fact]
    public void A_line_written_in_pieces_is_one()
    {
        var lines = new RankLines();
        Assert.Equal(["[1] ab"], lines.Add("[1,1]<stdout>:a[1,1]<stdout>:b"));
        Assert.Equal(["[0] x"], lines.Add("[1,1]<stdout>:c[1,0]<stdout>:x"));
        Assert.Equal(["[1] cd"], lines.Add("[1,1]<stdout>:d"));
        Assert.Equal(["said", "[2] "], lines.Add("said[1,2]<stderr>:"));
        Assert.Equal(["[0] y"], lines.Add("[1,3]<stdout>:no end[1,0]<stdout>:y"));
        Assert.Equal(["[3] no end"], lines.Rest());
    }

}
