using System.Security.Cryptography;
using Interactive.Data;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Data.Loading;

/// <summary>What comes out of a loader, as one number.</summary>
internal static class Streams
{
    /// <summary>SHA-256 of all batches of two epochs, read as a job of ranks reads them, from a step on.</summary>
    public static string Hash(IBatchSource source, int workers = 1, int ranks = 1, int globalBatch = 8, ulong seed = 11,
        int fromStep = 0, int ahead = 3)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var sampler = new Sampler(source.Count, globalBatch, seed);
        for (var epoch = 0; epoch < 2; epoch++)
        {
            var order = source.Order(epoch, globalBatch, seed) ?? sampler.Order(epoch);
            var first = epoch == 0 ? fromStep : 0;
            var streams =
                Enumerable.Range(0, ranks).Select(rank => new Loader(source, new LoaderOptions(workers, ahead))
                .Read(Enumerable.Range(first, sampler.StepsPerEpoch - first)
                .Select(step => Sampler.Part(order, globalBatch, step, rank, ranks).ToArray()), epoch, seed)
                .GetEnumerator()).ToArray();
            for (var step = first; step < sampler.StepsPerEpoch; step++)
            {
                // the ranks' parts joined are the global batch
                var parts =
                    streams.Select(s
                    => s.MoveNext() ? s.Current : throw new InvalidOperationException("too few batches")).ToArray();
                for (var i = 0; i < parts[0].Inputs.Count + parts[0].Targets.Count; i++)
                    foreach (var part in parts) hash.AppendData(Bytes(part.Inputs.Concat(part.Targets).ElementAt(i)));
                foreach (var part in parts) part.Dispose();
            }
            foreach (var stream in streams)
            {
                Assert.False(stream.MoveNext());
                stream.Dispose();
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>SHA-256 of each step of the first epoch.</summary>
    public static string[] Steps(IBatchSource source, int fromStep, int workers = 2, int globalBatch = 8,
        ulong seed = 11)
    {
        var sampler = new Sampler(source.Count, globalBatch, seed);
        var order = sampler.Order(0);
        var batches = Enumerable.Range(fromStep, sampler.StepsPerEpoch - fromStep)
            .Select(step => Sampler.Part(order, globalBatch, step, 0, 1).ToArray());
        return [.. new Loader(source, new LoaderOptions(workers)).Read(batches, 0, seed).Select(batch =>
        {
            using (batch) return Convert.ToHexStringLower(SHA256.HashData([.. batch.Inputs.Concat(batch.Targets)
                .SelectMany(Bytes)]));
        })];
    }

    private static byte[] Bytes(Tensor tensor) => tensor.bytes.ToArray();
}
