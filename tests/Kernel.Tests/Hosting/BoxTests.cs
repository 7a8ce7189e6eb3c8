using System.Diagnostics;
using Interactive.Kernel.Hosting.Boxes;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Boxes of bubblewrap, overlayfs and cgroups, from an image that has this machine's programs by binds.</summary>
[Trait("Speed", "slow")]
public sealed class BoxTests
{
    internal static string Image(TemporaryFolder folder)
    {
        var image = Directory.CreateDirectory(Path.Combine(folder.Path, "image")).FullName;
        foreach (var name in new[] { "usr", "etc", "data" }) Directory.CreateDirectory(Path.Combine(image, name));
        foreach (var name in new[] { "bin", "sbin", "lib", "lib64" }) Directory.CreateSymbolicLink(Path.Combine(image, name), $"usr/{name}");
        File.WriteAllText(Path.Combine(image, "data/note"), "of the image\n");
        return image;
    }

    private static void Need(params string[] controllers)
    {
        Skip.If(Box.Missing() is not null, Box.Missing());
        Skip.If(ControlGroup.Missing(null, controllers) is not null, ControlGroup.Missing(null, controllers));
    }

    private static Task<(int Exit, string Out, string Error)> Run(string image, string shell, params string[] options)
        => InteractiveProcess.Run(["box", "run", "--image", image, "--bind", "/usr:/usr:ro", .. options, "--", "sh", "-c", shell]);

    [SkippableFact]
    public async Task A_box_has_the_files_of_its_image_and_changes_none()
    {
        Need();
        using var folder = new TemporaryFolder();
        var (image, shared) = (Image(folder), Directory.CreateDirectory(Path.Combine(folder.Path, "shared")).FullName);
        Assert.Equal((7, "of the image\n", ""), await Run(image, "cat /data/note; echo mine > /data/note; echo x > /new; echo out > /in/result; exit 7", "--bind", $"{shared}:/in"));
        Assert.Equal("of the image\n", File.ReadAllText(Path.Combine(image, "data/note")));
        Assert.False(File.Exists(Path.Combine(image, "new")));
        Assert.Equal("out\n", File.ReadAllText(Path.Combine(shared, "result")));
        var (exit, output, _) = await Run(image, "echo x > /in/other || ls /in /tmp", "--bind", $"{shared}:/in:ro");
        Assert.Equal((0, "/in:\nresult\n\n/tmp:\n"), (exit, output));
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), "interactive-box-*"));
    }

    // A killed one has removed neither its files nor its control group, and what ran in that may run still.
    [SkippableFact]
    public async Task What_a_killed_box_has_left_is_removed_by_the_next_one()
    {
        Skip.If(ControlGroup.Missing(null, "memory") is not null, ControlGroup.Missing(null, "memory"));
        using var alive = new BoxFolder();
        var left = Directory.CreateTempSubdirectory("interactive-box-");
        File.WriteAllText(Path.Combine(left.FullName, "held"), "");
        File.WriteAllText(Path.Combine(left.CreateSubdirectory("upper").FullName, "large"), "of its programs");
        using var group = new ControlGroup(64 << 20, null, name: left.Name);
        using var program = Process.Start(group.Enter("sleep", "600"))!;
        BoxFolder.RemoveLeft();
        await program.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);
        Assert.Equal(137, program.ExitCode);
        Assert.Equal([alive.Folder.FullName], Directory.GetDirectories(Path.GetTempPath(), "interactive-box-*"));
        Assert.DoesNotContain(new[] { "", "memory/", "unified/" }, root => Directory.Exists($"/sys/fs/cgroup/{root}{left.Name}"));
    }

    [SkippableFact]
    public async Task A_file_of_squashfs_is_an_image()
    {
        Need();
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "image.sqfs");
        try
        {
            using var make = Process.Start(new ProcessStartInfo("mksquashfs", [Image(folder), file, "-quiet", "-no-progress"]) { RedirectStandardOutput = true })!;
            await make.StandardOutput.ReadToEndAsync();
            await make.WaitForExitAsync();
        }
        catch (System.ComponentModel.Win32Exception) { Skip.If(true, "mksquashfs is not installed (squashfs-tools)"); }
        Assert.Equal((0, "of the image\n", ""), await Run(file, "cat /data/note; echo x > /data/note"));
    }

    [SkippableFact]
    public async Task Who_passes_its_memory_is_told_and_its_neighbour_goes_on()
    {
        Need("memory");
        using var folder = new TemporaryFolder();
        var image = Image(folder);
        var neighbour = Run(image, "head -c 40m /dev/zero | tail -c 40m | wc -c; sleep 3; echo done", "--memory", "256M");
        var (exit, _, error) = await Run(image, "head -c 200m /dev/zero | tail -c 200m | wc -c; exit 3", "--memory", "64M");
        Assert.Equal(3, exit); // its own: the shell went on
        Assert.Matches(@"(^|\n)interactive: out of memory: the box may hold 64\.0 MiB \(--memory\) and held (64\.0|63\.\d) MiB at its peak; 1 of its processes was killed\n$", error);
        Assert.Equal((0, "41943040\ndone\n", ""), await neighbour);
        Assert.Equal(137, (await Run(image, "exec dd if=/dev/zero of=/dev/null bs=200M count=1", "--memory", "64M")).Exit);
    }

    [SkippableFact]
    public async Task Its_time_is_limited_to_so_many_cores()
    {
        Need("cpu");
        using var folder = new TemporaryFolder();
        var (exit, output, error) = await Run(Image(folder), """
            one=$(grep -E ':cpu(,[a-z]*)?:' /proc/self/cgroup | cut -d: -f3)
            cat "/sys/fs/cgroup/cpu$one/cpu.cfs_quota_us" 2>/dev/null || cat "/sys/fs/cgroup$(grep ^0:: /proc/self/cgroup | cut -d: -f3)/cpu.max"
            """, "--cpus", "1.5");
        Assert.Equal((0, ""), (exit, error));
        Assert.StartsWith("150000", output);
    }

    // Cgroups v2 were not at hand with these controllers: their files are those of the kernel's documentation.
    [Theory]
    [InlineData(true, 4L << 30, 1.5, "memory memory.max 4294967296, memory memory.swap.max 0, cpu cpu.max 150000 100000")]
    [InlineData(false, 4L << 30, 1.5, "memory memory.limit_in_bytes 4294967296, memory memory.memsw.limit_in_bytes 4294967296, cpu cpu.cfs_period_us 100000, cpu cpu.cfs_quota_us 150000")]
    [InlineData(true, 1L << 20, null, "memory memory.max 1048576, memory memory.swap.max 0")]
    [InlineData(true, null, 0.01, "cpu cpu.max 1000 100000")]
    public void Its_limits_are_these_files(bool isV2, long? bytes, double? cpus, string files)
        => Assert.Equal(files, string.Join(", ", ControlGroup.Limits(isV2, bytes, cpus).Select(l => $"{l.Controller} {l.File} {l.Text}")));

    // Shared windows between the ranks, and what they write, are those of a run outside.
    [SkippableFact]
    public async Task Two_ranks_in_a_box_have_the_bits_of_those_outside()
    {
        Need("memory");
        Skip.If(!File.Exists("/usr/bin/mpirun.openmpi"), "Open MPI is not installed (openmpi-bin)");
        using var folder = new TemporaryFolder();
        var image = Image(folder);
        var script = folder.Write("train.csx", """
            using Interactive.Data; using Interactive.Graphs; using Interactive.Training;
            var data = new SyntheticData(256, new Shape(1, 8, 8), 4);
            TorchSharp.torch.manual_seed(1);
            var b = new GraphBuilder("net", data.Shape);
            new Trainer(b.Build(b.Input.Flatten().Linear(64).Relu().Linear(4)), data, data, CommandLine.Parse(Args, new TrainerOptions { Name = "job", Epochs = 2, BatchSize = 8, Progress = false })).Run();
            """);
        async Task<byte[]> Train(string name, params string[] box)
        {
            var runs = Directory.CreateDirectory(Path.Combine(folder.Path, name)).FullName;
            var (exit, _, error) = await InteractiveProcess.RunIn(folder.Path, null, ["launch", "-n", "2", "--mpi", "openmpi", .. box, script, "--", "--out", runs]);
            Assert.True(exit == 0, error);
            return File.ReadAllBytes(Path.Combine(RunDirectory.Find(runs, "job").Checkpoints, "best.safetensors"));
        }
        var outside = await Train("outside");
        Assert.Equal(outside, await Train("inside", "--box", image, "--memory", "6G", "--bind", "/usr:/usr:ro", "--bind", "/etc:/etc:ro"));
    }

    [Theory]
    [InlineData("--image nowhere: there is no such folder or file", "box", "run", "--image", "nowhere", "--", "true")]
    [InlineData("--bind nowhere:/x: there is no", "box", "run", "--image", ".", "--bind", "nowhere:/x", "--", "true")]
    [InlineData("--bind .:x: write A, A:B or A:B:ro", "box", "run", "--image", ".", "--bind", ".:x", "--", "true")]
    [InlineData("--cpus none: a number of cores is needed", "box", "run", "--image", ".", "--cpus", "none", "--", "true")]
    [InlineData("--memory 10 is 10 bytes, which hold nothing", "box", "run", "--image", ".", "--memory", "10", "--", "true")]
    [InlineData("\"much\" is no size", "box", "run", "--image", ".", "--memory", "much", "--", "true")]
    [InlineData("--box is needed", "launch", "-n", "2", "--memory", "1G", "x.csx")]
    [InlineData("--box is needed", "slurm", "submit", "--memory", "1G", "x.csx")]
    [InlineData("a box spans one host", "slurm", "submit", "--box", ".", "--nodes", "2", "x.csx")]
    public async Task Bad_input_is_one_line(string says, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.csx", "");
        var (exit, output, error) = await InteractiveProcess.RunIn(folder.Path, null, arguments);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(says, Assert.Single(error.TrimEnd('\n').Split('\n')));
    }
}
