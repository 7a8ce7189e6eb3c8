using Interactive.Collectives.Transports;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// The library's own MPI_Allreduce, for comparison. MPI only recommends that all ranks get the same bits and promises
/// nothing about ranges, so it is never chosen by itself.
/// </summary>
internal sealed unsafe class MpiAllReduce(MpiTransport transport) : IAllReduce
{
    const int MostFloats = 1 << 28;

    public string Name => "mpi";

    public void Run(float* buffer, long length, long start, long count)
    {
        var mpi = transport.Mpi;
        for (long at = 0; at < count; at += MostFloats)
        {
            int n = (int)Math.Min(MostFloats, count - at);
            mpi.Check(mpi.Allreduce((void*)mpi.Abi.InPlace, buffer + start + at, n, mpi.Abi.Float, mpi.Abi.Sum,
                transport.Communicator), "MPI_Allreduce");
        }
    }

    public void Dispose() { }
}
