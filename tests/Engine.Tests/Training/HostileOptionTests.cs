using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Engine.Tests.Training;

/// <summary>What a new user may give by mistake: one line says what was given and what is accepted, and nothing is left behind.</summary>
public sealed class HostileOptionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("hostile").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public static TheoryData<string, string, string> Refused => new()
    {
        { "--out", "", "no folder can be made there" },
        { "--out", "/proc", "--out /proc: no folder can be made there" },
        { "--out", "/sys", "--out /sys: no folder can be made there" }, // there, but read-only
        { "--out", "/proc/self/x", "--out /proc/self/x: no folder can be made there" },
        { "--out", "/dev/null", "--out /dev/null is a file" },
        { "--out", "/tmp/" + new string('x', 300), "no folder can be made there" },
        { "--name", new string('é', 150), "up to 200 letters (bytes of UTF-8)" }, // a folder's name has 255 bytes
        { "--name", new string('a', 201), "up to 200 letters" },
        { "--name", "a/b", "without / and \\" },
        { "--name", "a\u0000b", "without / and \\" },
        { "--name", " a", "got ' a'" },
        { "--name", "", "got ''" },
        { "--threads", "100000", "--threads must be 1 to 1024, or 0 for libtorch's choice, got 100000" }, // libtorch overflows its stack
        { "--threads", "-3", "--threads must be" },
        { "--workers", "100000", "workers must be 1 to 1024" },
        { "--batch-size", "2147483647", "is more than the 64 samples" },
        { "--batch-size", "1e3", "takes a whole number" },
        { "--learning-rate", "0,1", "takes a number" },
        { "--learning-rate", "1e400", "takes a number" },
        { "--clip-norm", "nan", "takes a number" },
        { "--seed", "-1", "takes a whole number" },
        { "--memory-budget", "50", "say 50% (of plain autograd's peak) or 50MiB" },
        { "--memory-budget", "-5%", "cannot be \"-5%\"" },
        { "--memory-budget", "1e30", "cannot be \"1e30\"" },
        { "--memory", "9999999GiB", "is more than there is" },
        { "--memory", "12", "12MiB, 12GiB" },
        { "--checkpoint-every", "99999999h", "is no interval" },
        { "--mtbf", "5", "is no time" },
    };

    [Theory, MemberData(nameof(Refused))]
    public void ItIsRefused_InOneLine(string flag, string value, string says)
    {
        var refused = Assert.Throws<UsageException>(() =>
        {
            using var graph = Nets.Mlp();
            using var trainer = new Trainer(graph, Nets.Data, Nets.Data, CommandLine.Parse([flag, value], new TrainerOptions { Out = folder, BatchSize = 16, Progress = false, Threads = 1 }));
            trainer.Run();
        });
        Assert.Contains(says, refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    public void APadding_LeavesSomeOfThePicture(int padding)
    {
        var images = new SyntheticData(4, new Shape(1, 8, 9), 2);
        Assert.Equal(4, images.Augmented(new Augmentation(7)).Count);
        Assert.Contains("moves images of 8 x 9 out of the picture: pad is 0 to 7", Assert.Throws<UsageException>(() => images.Augmented(new Augmentation(padding))).Message);
    }

    [Theory]
    [InlineData("ünï ☃ 🚀")]
    [InlineData("..")]
    [InlineData("-x")]
    [InlineData("20260101-000000-a")]
    public void AStrangeName_IsTheRunsAndFoundAgain(string name)
    {
        string Train(bool resume, long most)
        {
            using var graph = Nets.Mlp();
            using var trainer = new Trainer(graph, Nets.Data, Nets.Data, new TrainerOptions { Name = name, Out = folder, Epochs = 1, BatchSize = 16, CheckpointEvery = 1, MaxSteps = most, Resume = resume, Progress = false, Threads = 1 });
            trainer.Run();
            return trainer.Directory!.Path;
        }
        var run = Train(resume: false, most: 2);
        Assert.Equal(run, Train(resume: true, most: 0));
        Assert.Equal(name, Assert.Single(RunDirectory.All(folder)).Name);
        Assert.Equal([run], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void RunsOfOneSecond_EachHaveAFolder()
    {
        var paths = new string[8];
        Parallel.For(0, paths.Length, i => paths[i] = RunDirectory.Create(folder, "same").Path);
        Assert.Equal(paths.Order(), Directory.GetFileSystemEntries(folder).Order());
        Assert.Equal(paths.Length, paths.Distinct().Count());
    }
}
