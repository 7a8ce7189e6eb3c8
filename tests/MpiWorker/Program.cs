// One rank of the tests that run real MPI: `mpirun -n 4 dotnet Interactive.MpiWorker.dll SCENARIO [ARGUMENTS]`.
using Interactive.Collectives;
using Interactive.MpiNet;
using Interactive.MpiWorker;

if (args[0] == "operations-mpinet")
{
    using var other = new Communicator(MpiNetTransport.Start());
    Operations.Run(other, withSharedMemory: false);
    return 0;
}
if (args[0] == "train-mpinet")
{
    using var other = new Communicator(MpiNetTransport.Start());
    TrainingRun.Run(other, args[1], withBatchNorm: true, args[2..]);
    return 0;
}
var world = World.Current;
switch (args[0])
{
    case "operations": Operations.Run(world); break;
    case "device": DeviceSums.Run(world); break;
    case "train-device": DeviceSums.Train(world); break;
    case "train" or "train-bn": TrainingRun.Run(world, args[1], withBatchNorm: args[0] == "train-bn", args[2..]); break;
    case "fine-tune": TrainingRun.FineTune(world, args[1], args[2..]); break;
    case "train-slow": TrainingRun.Slow(world, args[1], args[2..]); break;
    case "train-large": TrainingRun.Run(world, args[1], withBatchNorm: false, args[2..], hidden: 8192); break;
    case "train-large-killed":
        if (world.Rank == 0) TrainingRun.DieWriting(args[1]);
        TrainingRun.Run(world, args[1], withBatchNorm: false, args[2..], hidden: 8192);
        break;
    case "pipe": TrainingRun.Run(world, args[2], PipelineNets.Create(args[1]), args[3..]); break;
    case "thaw": Thawing.Run(world, args[1], args[2..]); break;
    case "thaw-loop": Thawing.Loop(world, args[1], args[2..]); break;
    case "layouts": LayoutSteps.Run(world, args[1], int.Parse(args[2]), args[3..]); break;
    case "pipe-killed": TrainingRun.Run(world, args[2], PipelineNets.Create(args[1]), args[3..], TrainingRun.DieLearning()); break;
    case "pipe-stopped": TrainingRun.Run(world, args[2], PipelineNets.Create(args[1]), args[3..], TrainingRun.DieLearning(stops: true)); break;
    case "throw" when world.Rank == int.Parse(args[1]): throw new InvalidOperationException("thrown for the test");
    case "exit" when world.Rank == int.Parse(args[1]): return 5;
    case "diverge":
        for (int step = 0; ; step++) Operations.Named(world, step == 17 && world.Rank == 2 ? "layer4.conv1" : "layer4.bn1");
    case "throw" or "exit" or "wait":
        world.Barrier();
        Console.WriteLine($"rank {world.Rank} pid {Environment.ProcessId}");
        while (true) world.Barrier();
    default: throw new ArgumentException($"unknown scenario {args[0]}");
}
return 0;
