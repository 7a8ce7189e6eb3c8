// One rank of the tests that run real MPI: `mpirun -n 4 dotnet Interactive.MpiWorker.dll SCENARIO [ARGUMENTS]`.
using Interactive.Collectives;
using Interactive.MpiWorker;

var world = World.Current;
switch (args[0])
{
    case "operations": Operations.Run(world); break;
    case "throw" when world.Rank == int.Parse(args[1]): throw new InvalidOperationException("thrown for the test");
    case "exit" when world.Rank == int.Parse(args[1]): return 5;
    case "throw" or "exit" or "wait":
        world.Barrier();
        Console.WriteLine($"rank {world.Rank} pid {Environment.ProcessId}");
        while (true) world.Barrier();
    default: throw new ArgumentException($"unknown scenario {args[0]}");
}
return 0;
