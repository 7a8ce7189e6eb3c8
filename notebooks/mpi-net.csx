// A program for MPI.NET as it is written on Windows: it runs on MPICH here.
//   ./interactive launch -n 2 notebooks/mpi-net.csx
#r "nuget: MPI.NET, 1.4.0"
using System.Diagnostics;

var arguments = Args.ToArray();
MPI.Environment.Run(ref arguments, comm =>
{
    var sum = comm.Allreduce(comm.Rank + 1, MPI.Operation<int>.Add);

    // Blocks of numbers are sent as they are, ...
    var mine = new float[1 << 16];
    Array.Fill(mine, comm.Rank + 1f);
    float[] total = new float[mine.Length];
    comm.Allreduce(mine, MPI.Operation<float>.Add, ref total);

    // ... and objects as JSON: texts, records, lists of them.
    var names = comm.Allgather($"rank {comm.Rank}");
    var best = comm.Reduce(new Score(comm.Rank, 1.0 / (comm.Rank + 1)), (a, b) => a.Value < b.Value ? a : b, 0);

    // A ring: each rank sends to the next one.
    var word = "round";
    if (comm.Rank == 0)
    {
        if (comm.Size > 1)
        {
            comm.Send(word, 1, 0);
            word = comm.Receive<string>(comm.Size - 1, 0);
        }
        Console.WriteLine($"sum {sum} of {comm.Size} ranks, {total[12345]}, {string.Join(", ", names)}, least of rank {best.Rank}, the word came {word}");
    }
    else
    {
        word = comm.Receive<string>(comm.Rank - 1, 0);
        comm.Send(word, (comm.Rank + 1) % comm.Size, 0);
    }
});

public record Score(int Rank, double Value);
