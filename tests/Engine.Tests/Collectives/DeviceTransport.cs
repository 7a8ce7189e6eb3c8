using Interactive.Collectives;
using Interactive.Collectives.Transports;
using TorchSharp;

namespace Interactive.Engine.Tests.Collectives;

/// <summary>
/// Ranks in one process whose transport may be handed memory of a "device", which is the CPU's, and notes what it was
/// handed.
/// </summary>
sealed unsafe class DeviceTransport(ITransport inner, bool reaches, List<(nint Data, long Floats)> summed)
    : IReachesDevices, ISharesMemory
{
    const int Tag = 77;

    public int Rank => inner.Rank;
    public int Size => inner.Size;
    public string Host => inner.Host;

    /// <summary>Ranges that were summed, by address; also over duplicates.</summary>
    public IReadOnlyList<(nint Data, long Floats)> Summed => summed;

    public static DeviceTransport[] Create(int size, bool reaches = true)
        => [.. InProcessTransport.Create(size).Select(end => new DeviceTransport(end, reaches, []))];

    public bool Reaches(string device) => reaches;

    public void ReduceScatter(float* data, float* part, ReadOnlySpan<int> counts)
    {
        summed.Add(((nint)data, Total(counts)));
        var all = Everyone(data, counts);
        int low = Total(counts[..Rank]);
        for (int i = 0; i < counts[Rank]; i++) part[i] = all.Sum(values => values[low + i]);
    }

    public void AllGather(float* part, float* data, ReadOnlySpan<int> counts)
    {
        var place = new Span<float>(data, Total(counts));
        new Span<float>(part, counts[Rank]).CopyTo(place[Total(counts[..Rank])..]);
        var all = Everyone(data, counts);
        for (int rank = 0; rank < Size; rank++)
            all[rank].AsSpan(Total(counts[..rank]), counts[rank]).CopyTo(place[Total(counts[..rank])..]);
    }

    public Transfer Send(void* data, int bytes, int peer, int tag) => inner.Send(data, bytes, peer, tag);
    public Transfer Receive(void* data, int bytes, int peer, int tag) => inner.Receive(data, bytes, peer, tag);
    public void Wait(ref Transfer transfer) => inner.Wait(ref transfer);
    public bool Test(ref Transfer transfer) => inner.Test(ref transfer);
    public ITransport Duplicate() => new DeviceTransport(inner.Duplicate(), reaches, summed);
    public SharedWindow Share(IReadOnlyList<int> group, long bytes, long all = 0)
        => ((ISharesMemory)inner).Share(group, bytes, all);
    public void Abort(int exitCode) => inner.Abort(exitCode);
    public void Dispose() => inner.Dispose();

    float[][] Everyone(float* data, ReadOnlySpan<int> counts)
    {
        int floats = Total(counts);
        for (int peer = 0; peer < Size; peer++) inner.Send(data, floats * sizeof(float), peer, Tag);
        var all = new float[Size][];
        for (int peer = 0; peer < Size; peer++)
            fixed (float* into = all[peer] = new float[floats])
            {
                var transfer = inner.Receive(into, floats * sizeof(float), peer, Tag);
                inner.Wait(ref transfer);
            }
        return all;
    }

    static int Total(ReadOnlySpan<int> counts)
    {
        int sum = 0;
        foreach (int count in counts) sum += count;
        return sum;
    }
}
