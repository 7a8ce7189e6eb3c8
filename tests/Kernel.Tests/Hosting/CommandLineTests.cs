using Interactive.Runtime;
using System.Text.Json;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("no script nowhere.csx", "run", "nowhere.csx")]
    [InlineData("no script: its name is empty", "run", "")]
    [InlineData("no script nowhere.csx", "launch", "-n", "2", "nowhere.csx")]
    [InlineData("there is no command frobnicate", "frobnicate")]
    [InlineData("a command is needed")]
    [InlineData("--ranks", "launch", "x.csx")]
    [InlineData("'two'", "launch", "-n", "two", "x.csx")]
    [InlineData("0 ranks: at least 1 is needed", "launch", "-n", "0", "hello.csx")]
    [InlineData("'fast'", "run", "hello.csx", "-c", "fast")]
    [InlineData("give a script file", "run", ".")]
    [InlineData("runs has a best model", "predict", "latest", "x.csv")]
    [InlineData("runs has a best model", "export", "latest")]
    [InlineData("there is no run 'latest' in runs: it holds none", "report", "latest")]
    [InlineData("there is no model nowhere", "predict", "nowhere", "x.csv")]
    public async Task BadInput_IsOneLineAndExit2(string message, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        folder.Write("hello.csx", "WriteLine(\"hello\");");
        var (exit, output, error) = await InteractiveProcess.RunIn(folder.Path, null, arguments);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(message, Assert.Single(error.TrimEnd('\n').Split('\n')));
    }

    // Here the program's file is the test host's, in a package the tool's.
    [Fact]
    public void TheCommandGoesByItsName_WhateverItsFileIsCalled() => Assert.Equal("interactive", Interactive.Kernel.Hosting.InteractiveTool.Prepare([]).Root.Name);

    [Fact]
    public async Task FourProcessesAtOnce_ShareOneCacheEntry()
    {
        using var folder = new TemporaryFolder();
        folder.Write("main.csx", "#load \"part.csx\"\nWriteLine(Part()); return 7;");
        folder.Write("part.csx", "int Part() => 1;");
        var cache = Path.Combine(folder.Path, "cache");
        async Task Four(string expected)
        {
            var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => InteractiveProcess.RunIn(folder.Path, cache, "run", "main.csx")));
            Assert.All(all, r => Assert.Equal((7, expected, ""), r));
        }
        await Four("1\n");
        var entry = Assert.Single(Directory.GetFiles(Path.Combine(cache, "interactive", "scripts"))); // and no temporary file
        await Four("1\n");
        folder.Write("part.csx", "int Part() => 2;"); // a loaded file counts
        Assert.Equal("2\n", (await InteractiveProcess.RunIn(folder.Path, cache, "run", "main.csx")).Out);
        File.WriteAllText(entry, "damaged");
        Assert.Equal("2\n", (await InteractiveProcess.RunIn(folder.Path, cache, "run", "main.csx")).Out);
    }

    // Pages that the system really gives are its own affair; what is asked of it is seen in the heap's flags (hg: huge pages advised).
    [SkippableFact]
    public async Task LibtorchIsLoaded_IntoAHeapOfHugePages()
    {
        Skip.IfNot(Directory.Exists("/sys/kernel/mm/transparent_hugepage"), "this kernel has no transparent huge pages");
        using var folder = new TemporaryFolder();
        folder.Write("main.csx", """
            using TorchSharp;
            var two = torch.ones(2).sum().item<float>();
            var advised = File.ReadAllLines("/proc/self/smaps").SkipWhile(l => !l.EndsWith("[heap]"))
                .TakeWhile(l => !l.EndsWith(".so")).Where(l => l.StartsWith("VmFlags:")).Any(l => l.Split(' ').Contains("hg"));
            WriteLine($"{two} {advised}");
            """);
        Assert.Equal((0, "2 True\n", ""), await InteractiveProcess.RunIn(folder.Path, null, "run", "main.csx"));
    }

    [Theory]
    [InlineData("Console.WriteLine(Interactive.Runtime.MemoryMeter.Current.LiveBytes);")] // the first word to libtorch
    [InlineData("var t = new System.Threading.Thread(() => Console.WriteLine(Interactive.Runtime.MemoryMeter.Current.LiveBytes)); t.Start(); t.Join();")]
    public async Task TheMeter_CanBeAskedFirst(string code)
        => Assert.Equal((0, "0\n", ""), await InteractiveProcess.Run("eval", code));

    [Fact]
    public async Task ManyCells_LeaveNothingBehind()
    {
        var (exit, output, error) = await InteractiveProcess.Run("bench", "endurance", "--steps", "0", "--cells", "20", "--json");
        Assert.True(exit == 0, error);
        foreach (var kind in (string[])["usingCells", "repeatedCells", "definingCells"])
        {
            var cells = JsonDocument.Parse(output).RootElement.GetProperty(kind).EnumerateArray().ToList();
            Assert.All(cells, held => Assert.Equal(0, held.GetProperty("tensorBytes").GetInt64()));
            long Managed(int i) => cells[i].GetProperty("managedBytes").GetInt64();
            Assert.InRange(Managed(9) - Managed(1), long.MinValue, 1 << 20); // the defining ones make a megabyte anew each
        }
        Assert.Equal(30, error.Split('\n').Count(line => line.Contains(": tensors"))); // told while it runs
    }

    [Fact]
    public async Task NoCache_KeepsNothing()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("main.csx", "WriteLine(string.Join('|', Args));");
        var cache = Path.Combine(folder.Path, "cache");
        Assert.Equal((0, "a|--b\n", ""), await InteractiveProcess.RunIn(folder.Path, cache, "run", path, "--no-cache", "-c", "debug", "--", "a", "--b"));
        Assert.False(Directory.Exists(Path.Combine(cache, "interactive", "scripts")));
    }

    [Fact]
    public async Task Eval_RunsCode() => Assert.Equal((3, "x\n", ""), await InteractiveProcess.Run("eval", "WriteLine(Args[0]); return 3;", "--", "x"));

    [Fact]
    public async Task Doctor_TellsFactsAsJson()
    {
        var (exit, output, _) = await InteractiveProcess.Run("doctor", "--json");
        using var report = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]);
        Assert.Equal(exit == 0, report.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal("0.107.0", report.RootElement.GetProperty("torchSharp").GetString());
        Assert.Equal(Environment.ProcessorCount, report.RootElement.GetProperty("cores").GetInt32());
        Assert.Equal(report.RootElement.GetProperty("mpi").GetArrayLength(), report.RootElement.GetProperty("gpuGradients").GetArrayLength());
        Assert.All(report.RootElement.GetProperty("gpuGradients").EnumerateArray(), way => Assert.Matches("^[A-Za-z]+: summed (where they lie|in the CPU's memory): ", way.GetString()));
        Assert.All(report.RootElement.GetProperty("missing").EnumerateArray(), m => Assert.NotEqual("", m.GetProperty("install").GetString()));
    }

    [Fact]
    public async Task AnotherLibtorchIsTakenWhereTheVariableNamesOne()
    {
        using var folder = new TemporaryFolder();
        var (exit, _, error) = await InteractiveProcess.RunUnder((TorchLoader.Variable, folder.Path), "plan", "--model", "lenet5");
        Assert.Equal(2, exit);
        Assert.Equal($"interactive: INTERACTIVE_LIBTORCH={folder.Path}: there is no libtorch_cpu.so in it; give the torch/lib folder of a PyTorch installation", error.Trim());

        TorchLoader.EnsureLoaded();
        foreach (var library in Directory.GetFiles(TorchLoader.LibtorchFolder!, "lib*.so*"))
            File.CreateSymbolicLink(Path.Combine(folder.Path, Path.GetFileName(library)), library);
        var (_, output, _) = await InteractiveProcess.RunUnder((TorchLoader.Variable, folder.Path), "doctor", "--json");
        using var report = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]);
        Assert.Equal(folder.Path, report.RootElement.GetProperty("libtorchFolder").GetString());
    }

    [SkippableTheory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public async Task Launch_RunsRanksAndFailsAsAWhole(string mpi)
    {
        Skip.IfNot((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(f => File.Exists(Path.Combine(f, $"mpirun.{mpi}"))), $"mpirun.{mpi} is not installed");
        using var folder = new TemporaryFolder();
        var path = folder.Write("main.csx", """
            using Interactive.Collectives;
            var world = World.Current;
            world.Barrier();
            if (Args.Contains("mistake")) throw new Interactive.UsageException("that cannot be");
            if (Args.Count > 0 && world.Rank == 1) throw new InvalidOperationException("boom");
            if (Args.Count > 0) System.Threading.Thread.Sleep(-1);
            WriteLine($"rank {world.Rank} of {world.Size}");
            """);
        var (exit, output, error) = await InteractiveProcess.Run("launch", "--mpi", mpi, "-n", "2", path);
        Assert.True(exit == 0, error);
        Assert.Equal(["rank 0 of 2", "rank 1 of 2"], output.Trim().ReplaceLineEndings("\n").Split('\n').Order());

        (exit, output, error) = await InteractiveProcess.Run("launch", "--mpi", mpi, "-n", "2", path, "--", "fail");
        Assert.NotEqual(0, exit);
        Assert.Contains("main.csx:line 5", error + output);
        Assert.Matches("rank 1.*InvalidOperationException.*boom", error + output);

        // What all ranks find wrong is told once.
        (exit, output, error) = await InteractiveProcess.Run("launch", "--mpi", mpi, "-n", "2", path, "--", "mistake");
        Assert.Equal(2, exit);
        Assert.Equal("rank 0: that cannot be", Assert.Single((error + output).Split('\n'), line => line.Contains("cannot be")));
    }
}
