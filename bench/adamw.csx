// AdamW over ResNet-50's 161 tensors: ours in one pass, and TorchSharp's operator by operator, in turn; medians of seconds and of all threads' seconds.
//   ./interactive run bench/adamw.csx
using System.Diagnostics;
using Interactive.Graphs;
using Interactive.Models;
using TorchSharp;
using static TorchSharp.torch;

const int Rounds = 9;
Graph Net()
{
    manual_seed(1);
    var graph = Zoo.Create("resnet50", new ModelOptions());
    foreach (var parameter in graph.parameters()) parameter.grad = randn_like(parameter);
    return graph;
}

var (ours, theirs) = (Net(), Net());
var parameters = ours.named_parameters().Select(p => (p.name, p.parameter)).ToArray();
var fused = new Interactive.Training.AdamW(weightDecay: 0.01);
var plain = optim.AdamW(theirs.parameters(), 1e-3, weight_decay: 0.01);
var sides = new (string Name, Action Step, List<double> Seconds, List<double> Cpu)[]
{
    ("one pass", () => fused.Step(parameters, 1e-3), [], []),
    ("by operators", () => plain.step(), [], []),
};
for (var round = -2; round < Rounds; round++)
    foreach (var (_, step, seconds, cpu) in round % 2 == 0 ? sides : sides.Reverse())
    {
        var (begun, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        step();
        if (round < 0) continue;
        seconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        cpu.Add((Environment.CpuUsage.TotalTime - used).TotalSeconds);
    }
double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
foreach (var (name, _, seconds, cpu) in sides)
    Console.WriteLine(FormattableString.Invariant($"{name,-13} {Median(seconds) * 1e3,7:F1} ms (least {seconds.Min() * 1e3:F1}), of processors {Median(cpu) * 1e3:F1} (least {cpu.Min() * 1e3:F1})"));
var (a, b) = (ours.parameters().First(), theirs.parameters().First());
Console.WriteLine(FormattableString.Invariant($"{parameters.Length} tensors, {ours.ParameterCount} numbers; largest difference between the two {(a - b).abs().max().item<float>():E1}"));
