using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// All-reduce with two bytes an element on the wire. The owner of a block receives everyone's rounded values, adds them
/// in fp32 in the canonical order, rounds the sum once and sends it to all, so all ranks hold the same bits. With error
/// feedback (Seide et al., 2014) both rounding errors are kept and added to the next values of the same elements.
/// </summary>
internal sealed unsafe class TwoByteAllReduce(ITransport transport, WireFormat format, bool errorFeedback) : IAllReduce
{
    const int Tag = 5;
    readonly TreeSum tree = new(transport.Size);
    readonly int ranks = transport.Size, rank = transport.Rank;
    float[] sentError = [], sumError = [];
    ushort* outgoing, incoming;
    float* decoded;
    long reserved;

    public string Name => format == WireFormat.Bf16 ? "direct bf16" : "direct fp16";

    public void Run(float* buffer, long length, long start, long count)
    {
        if (ranks == 1 || count == 0) return;
        var blocks = new BlockDeal(length, ranks, start, count);
        Reserve(blocks.Length, length);
        for (long round = 0; round < blocks.Rounds; round++) Round(buffer, blocks, round);
    }

    public void Dispose()
    {
        tree.Dispose();
        NativeMemory.AlignedFree(outgoing);
        NativeMemory.AlignedFree(incoming);
        NativeMemory.AlignedFree(decoded);
        outgoing = incoming = null;
        decoded = null;
        reserved = 0;
    }

    void Round(float* buffer, BlockDeal blocks, long round)
    {
        Span<Transfer> sends = new Transfer[ranks], receives = new Transfer[ranks];
        var (own, ownCount) = blocks[rank, round];
        for (int lag = 1; lag < ranks; lag++)
        {
            int peer = (rank - lag + ranks) % ranks;
            if (ownCount > 0)
                receives[peer] = transport.Receive(incoming + peer * reserved, ownCount * sizeof(ushort), peer, Tag);
        }
        for (int lag = 0; lag < ranks; lag++)
        {
            int peer = (rank + lag) % ranks;
            var (offset, n) = blocks[peer, round];
            if (n == 0) continue;
            var values = new Span<float>(buffer + offset, n);
            Encode(values, sentError, offset, scale: format == WireFormat.Fp16 ? 1f / ranks : 1,
                outgoing + peer * reserved);
            if (peer != rank) sends[peer] = transport.Send(outgoing + peer * reserved, n * sizeof(ushort), peer, Tag);
        }
        var terms = stackalloc float*[ranks];
        for (int peer = 0; peer < ranks && ownCount > 0; peer++)
        {
            transport.Wait(ref receives[peer]);
            terms[peer] = decoded + peer * reserved;
            TwoByteCodec.Decode(format,
                new ReadOnlySpan<ushort>((peer == rank ? outgoing : incoming) + peer * reserved, ownCount),
                new Span<float>(terms[peer], ownCount));
        }
        foreach (ref var send in sends) transport.Wait(ref send);

        if (ownCount > 0)
        {
            tree.Add(terms, terms[0], ownCount);
            Encode(new Span<float>(terms[0], ownCount), sumError, own, scale: 1, outgoing);
            for (int lag = 1; lag < ranks; lag++)
                sends[(rank + lag) % ranks] = transport.Send(outgoing, ownCount * sizeof(ushort), (rank + lag) % ranks,
                Tag);
            Decode(outgoing, new Span<float>(buffer + own, ownCount));
        }
        for (int lag = 1; lag < ranks; lag++)
        {
            int peer = (rank - lag + ranks) % ranks;
            var (_, n) = blocks[peer, round];
            if (n > 0) receives[peer] = transport.Receive(incoming + peer * reserved, n * sizeof(ushort), peer, Tag);
        }
        for (int peer = 0; peer < ranks; peer++)
        {
            transport.Wait(ref receives[peer]);
            var (offset, n) = blocks[peer, round];
            if (peer != rank && n > 0) Decode(incoming + peer * reserved, new Span<float>(buffer + offset, n));
        }
        foreach (ref var send in sends) transport.Wait(ref send);
    }

    /// <summary>
    /// Encodes values (scaled, plus what earlier rounding lost) and keeps what this rounding loses. The values are
    /// overwritten.
    /// </summary>
    void Encode(Span<float> values, float[] error, long offset, float scale, ushort* encoded)
    {
        if (scale != 1) TensorPrimitives.Multiply(values, scale, values);
        var kept = errorFeedback ? error.AsSpan((int)offset, values.Length) : default;
        if (errorFeedback) TensorPrimitives.Add(values, kept, values);
        var code = new Span<ushort>(encoded, values.Length);
        TwoByteCodec.Encode(format, values, code);
        if (!errorFeedback) return;
        TwoByteCodec.Decode(format, code, kept);
        TensorPrimitives.Subtract(values, kept, kept);
    }

    void Decode(ushort* encoded, Span<float> values)
    {
        TwoByteCodec.Decode(format, new ReadOnlySpan<ushort>(encoded, values.Length), values);
        if (format == WireFormat.Fp16) TensorPrimitives.Multiply(values, ranks, values);
    }

    void Reserve(int block, long length)
    {
        if (errorFeedback && sentError.Length != length)
        {
            if (length > Array.MaxLength) throw new UsageException($"error feedback over {length} elements: at most {Array.MaxLength} are possible");
            (sentError, sumError) = (new float[length], new float[length]);
        }
        if (block <= reserved) return;
        NativeMemory.AlignedFree(outgoing);
        NativeMemory.AlignedFree(incoming);
        NativeMemory.AlignedFree(decoded);
        outgoing = (ushort*)NativeMemory.AlignedAlloc((nuint)((long)ranks * block * sizeof(ushort)), 4096);
        incoming = (ushort*)NativeMemory.AlignedAlloc((nuint)((long)ranks * block * sizeof(ushort)), 4096);
        decoded = (float*)NativeMemory.AlignedAlloc((nuint)((long)ranks * block * sizeof(float)), 4096);
        reserved = block;
    }
}
