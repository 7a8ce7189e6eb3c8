using System.Globalization;
using Interactive.Collectives.Mpi;
using Interactive.Engine.Tests.Collectives;

namespace Interactive.Engine.Tests.Layouts;

/// <summary>Layers in slices over ranks with the same samples, over real MPI processes, beside one rank.</summary>
[Trait("Speed", "long")]
public sealed class TensorTests : PipelineRuns
{
    private string[] Lines(MpiFlavor flavor, int ranks, string arguments)
    {
        using var job = MpiJob.Start(flavor, ranks, arguments, OneThread);
        Assert.True(job.Wait(240) == 0, job.Output);
        return [.. job.Lines.Select(line => line.Trim())];
    }

    private string[] Run(int ranks, string arguments, MpiFlavor flavor = MpiFlavor.OpenMpi, string run = "run", int steps = 20)
        => Lines(flavor, ranks, $"pipe heads {Path.Combine(folder, run)} --name heads --max-steps {steps} --no-progress --momentum 0.9 {arguments}");

    // What a run has left, for another to go on from.
    private void Copy(string run, string to)
    {
        foreach (var file in Directory.GetFiles(Path.Combine(folder, run), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, to, Path.GetRelativePath(Path.Combine(folder, run), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private static double[] Losses(string[] lines)
        => [.. lines.Where(line => line.StartsWith("step ")).Select(line => double.Parse(line.Split(' ')[3], CultureInfo.InvariantCulture))];

    private static double[] Words(string[] lines, string key, int at)
        => [.. lines.Select(line => line.Split(' ')).Where(words => words.Length > at && words[2] == key)
            .Select(words => double.Parse(words[at], CultureInfo.InvariantCulture))];

    [SkippableTheory]
    [InlineData("gpt", 2, "tensor=2,micro=2")]
    [InlineData("gpt-skips", 4, "data=2,tensor=2,micro=2")]
    [InlineData("vit", 2, "tensor=2,micro=2")]
    [InlineData("user", 2, "tensor=2,micro=2")]
    [InlineData("user-fused", 2, "tensor=2,micro=2")]
    [InlineData("heads", 4, "tensor=4,micro=2")]
    [InlineData("dropout", 2, "tensor=2,micro=2")]
    public void Gradients_are_those_of_one_rank(string net, int ranks, string layout)
    {
        var micro = layout.StartsWith("data=2") ? 4 : 2;
        var lines = Lines(MpiFlavor.OpenMpi, ranks, $"layouts {net} 16 pipe=1,micro={micro} {layout}");
        // a number that is added to all keys changes no softmax: such a bias's gradient is nothing but rounding
        var apart = Words([.. lines.Where(line => !line.EndsWith("key.bias"))], "apart", 3);
        Assert.Equal(0, apart.Length % (2 * ranks));
        Assert.All(apart, worst => Assert.InRange(worst, 0, 1e-4));
        Assert.Contains(apart, worst => worst > 0); // the sums are others
        var (losses, norms) = (Words(lines, "sent", 7), Words(lines, "norm", 3));
        Assert.All(losses, loss => Assert.Equal(losses[0], loss, 1e-5));
        Assert.All(norms, norm => Assert.Equal(1, norm / norms[0], 1e-5));
        var (sent, planned) = (Words(lines, "sent", 3)[^ranks..], Words(lines, "sent", 5)[^ranks..]);
        if (!net.EndsWith("skips")) Assert.All(sent, bytes => Assert.Equal(planned[0], bytes));
        var (held, foreseen) = (Words(lines, "held", 3)[^ranks..], Words(lines, "held", 5)[^ranks..]);
        if (net == "vit") return; // what a convolution's kernel asks for is not foreseen from shapes
        Assert.All(held.Zip(foreseen), bytes => Assert.InRange(bytes.First / bytes.Second, 0.98, 1.02));
    }

    [SkippableTheory]
    [InlineData(2, "tensor=2,micro=4", "--clip-norm 0.9", MpiFlavor.OpenMpi)]
    [InlineData(4, "data=2,tensor=2,micro=2", "--optimizer adam --learning-rate 0.001", MpiFlavor.Mpich)]
    public void Losses_are_those_of_one_rank(int ranks, string layout, string more, MpiFlavor flavor)
    {
        // dropout draws by place in the batch: two parts of it on two ranks, as without slices
        var whole = Losses(Run(layout.StartsWith("data=2") ? 2 : 1, $"--layout {layout.Replace("tensor=2", "pipe=1")} {more}", run: "whole"));
        var lines = Run(ranks, $"--layout {layout} {more}", flavor);
        var sliced = Losses(lines);
        Assert.Equal(20, sliced.Length);
        Assert.NotEqual(whole[0], whole[^1]);
        Assert.All(whole.Zip(sliced), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.Single(lines.Where(line => line.Contains(" hash ")).Select(line => line.Split(' ')[3]).Distinct());
        // 608 numbers are whole: the convolution, norms, biases behind sums
        const int Whole = 608, Cut = 2 * (3168 + 1024 + 2112 + 2048) + 132;
        Assert.All(Words(lines, "keeps", 3), bytes => Assert.Equal(sizeof(float) * (Whole + Cut / 2) * (more.Contains("adam") ? 2 : 1), bytes));
    }

    [SkippableFact]
    public void A_run_goes_on_with_it_and_under_other_layouts()
    {
        const string More = "--batch-size 48 --checkpoint-every 6 --optimizer adam --learning-rate 0.001";
        const string Sliced = $"--layout tensor=2,micro=2 {More}";
        var all = Losses(Run(2, Sliced, run: "whole"))[12..];
        Run(2, Sliced, run: "sliced", steps: 13);
        foreach (var (name, ranks, layout) in new[] { ("one", 1, "pipe=1,micro=2"), ("pipe", 2, "pipe=2,micro=2") })
        {
            Copy("sliced", name);
            AreNear(Losses(Run(ranks, $"--layout {layout} {More} --resume", run: name)));
        }
        Assert.Equal(all, Losses(Run(2, $"{Sliced} --resume", run: "sliced")));
        Run(1, $"--layout pipe=1,micro=2 {More}", run: "back", steps: 13);
        AreNear(Losses(Run(2, $"{Sliced} --resume", run: "back")));

        void AreNear(double[] losses)
        {
            Assert.Equal(all.Length, losses.Length);
            Assert.All(all.Zip(losses), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        }
    }
}
