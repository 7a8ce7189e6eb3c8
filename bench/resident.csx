#!/usr/bin/env -S ./interactive run
// What a process holds, beside what its tensors take:  ./interactive run bench/resident.csx -- [resnet50 [3x64x64 [16 [25%]]]]
// Six steps of a net under a memory budget, or "all" for the plan that drops nothing. Bytes of tensors are the meter's, the process's are
// Linux's: anonymous memory, and the most that was ever there (VmHWM). The last line is JSON.
using System.Text.Json;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using Interactive.Runtime;
using Interactive.Training;
using TorchSharp;

string At(int place, string otherwise) => Args.Count > place ? Args[place] : otherwise;
var (name, image, batch, budget) = (At(0, "resnet50"), Shape.Parse(At(1, "3x64x64")), int.Parse(At(2, "16")), At(3, "25%"));
var meter = MemoryMeter.Current;
var graph = Zoo.Create(name, new ModelOptions { Image = image });
var rest = MachineMemory.ResidentBytes - meter.LiveBytes;
graph.train();
var facts = new PlanningGraph(Fusion.Fuse(graph), ProfileCache.Get(graph, batch));
var plan = budget == "all" ? new KeepAllPlanner().Make(facts, long.MaxValue) : PlanReport.Make(facts, MemoryBudget.Parse(budget), PlannerList.Find("auto")).Plan;
var executor = new Executor(graph, plan.Schedule);
var optimizer = new Sgd();
var (x, y) = SyntheticBatch.For(graph, batch);
long tensors = 0;
for (var step = 0; step < 6; step++)
{
    meter.ResetPeak();
    executor.Step(x, y);
    optimizer.Step(graph.named_parameters().Select(p => (p.name, p.parameter)), 1e-3);
    foreach (var parameter in graph.parameters())
        using (var gradient = parameter.grad) gradient?.zero_();
    tensors = Math.Max(tensors, meter.PeakBytes);
}

long Field(string field) => 1024 * File.ReadLines("/proc/self/status").Where(l => l.StartsWith(field)).Select(l => long.Parse(l[field.Length..].Replace("kB", ""))).First();
var result = new
{
    model = name, image = image.ToString(), batch, budget, planPeakBytes = plan.Prediction.PeakBytes,
    restBytes = rest, tensorPeakBytes = tensors, anonymousBytes = Field("RssAnon:"), peakResidentBytes = MachineMemory.PeakResidentBytes,
    beyondBytes = MachineMemory.PeakResidentBytes - rest - tensors, allowedBytes = tensors / 10 + (64L << 20),
};
Console.WriteLine($"at rest {rest >> 20} MiB, tensors {tensors >> 20}, anonymous memory {result.anonymousBytes >> 20}, at most {result.peakResidentBytes >> 20}: {result.beyondBytes >> 20} beyond rest and tensors, where a tenth and 64 MiB are {result.allowedBytes >> 20}");
Console.WriteLine(JsonSerializer.Serialize(result));
