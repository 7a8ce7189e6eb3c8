using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Interactive.Collectives.Simulation;

namespace Interactive.Engine.Tests.Collectives;

public sealed class SimGridTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("simgrid").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Each_message_of_a_pair_has_a_tag_of_its_own()
    {
        SimGridTrace.Write(folder, Recording.AllReduce("halving-doubling", 2, 1024));
        var lines = File.ReadAllLines(Path.Combine(folder, "rank0.txt"));
        Assert.Equal(("0 init", "0 finalize"), (lines[0], lines[^1]));
        var sends = lines.Where(line => line.StartsWith("0 isend 1 ")).ToList();
        Assert.Equal(sends.Count, sends.Select(line => line.Split(' ')[3]).Distinct().Count());
        Assert.Equal(4096, sends.Sum(line => int.Parse(line.Split(' ')[4])));
        Assert.All(sends, send => Assert.Contains($"0 wait 0 1 {send.Split(' ')[3]}", lines));
    }

    [SkippableTheory]
    [InlineData("ring", 4)]
    [InlineData("ring", 8)]
    [InlineData("halving-doubling", 8)]
    public void SimGrid_replays_a_recording_in_the_time_of_the_alpha_beta_model(string algorithm, int ranks)
    {
        Skip.IfNot(File.Exists("/usr/bin/smpirun"), "needs smpirun: apt-get install libsimgrid-dev");
        var traces = Recording.AllReduce(algorithm, ranks, 4 << 20);
        var list = SimGridTrace.Write(folder, traces);
        var (platform, hosts) = (Path.Combine(folder, "net.xml"), Path.Combine(folder, "hosts"));
        // Two links of 5 us between two hosts: the model's 10 us.
        File.WriteAllText(platform, $"""
            <?xml version='1.0'?>
            <!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
            <platform version="4.1"><cluster id="c" prefix="node-" suffix="" radical="0-{ranks - 1}" speed="50Gf" bw="25Gbps" lat="5us" sharing_policy="SPLITDUPLEX"/></platform>
            """);
        File.WriteAllLines(hosts, Enumerable.Range(0, ranks).Select(i => $"node-{i}"));
        using var smpirun =
            Process.Start(new ProcessStartInfo("smpirun",
            ["-np", $"{ranks}", "-platform", platform, "-hostfile", hosts, "-replay", list,
            "--cfg=smpi/bw-factor:0:1.0", "--cfg=smpi/lat-factor:0:1.0", "--cfg=network/bandwidth-factor:1",
                "--cfg=network/latency-factor:1", "--log=replay.thres:info"])
            { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder })!;
        var error = smpirun.StandardError.ReadToEndAsync();
        var output = smpirun.StandardOutput.ReadToEnd() + error.Result;
        smpirun.WaitForExit();
        var times = Regex.Matches(output, @"Simulation time ([0-9.]+)");
        Assert.True(times.Count > 0, output);
        var seconds = double.Parse(times[^1].Groups[1].Value, CultureInfo.InvariantCulture);
        var model = new Network(10e-6, 25e9 / 8).Replay(traces);
        Assert.True(Math.Abs(seconds / model - 1) < 0.1, $"SimGrid {seconds} s, alpha-beta {model} s");
    }
}
