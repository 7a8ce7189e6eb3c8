using Interactive.Collectives;
using Interactive.Collectives.Transports;

namespace Interactive.Engine.Tests.Collectives;

/// <summary>Runs a function on every rank of an in-process world, each on a thread of its own.</summary>
static class Ranks
{
    public static T[] Run<T>(int size, Func<ICommunicator, T> body, Func<int, string>? host = null)
        => Over(InProcessTransport.Create(size, host), transport =>
    {
        // One that fails does not wait for the others at its end, who wait for it.
        var world = new Communicator(transport);
        var result = body(world);
        world.Dispose();
        return result;
    });

    public static T[] Over<T>(IReadOnlyList<ITransport> ends, Func<ITransport, T> body)
    {
        var results = new T[ends.Count];
        var errors = new Exception?[ends.Count];
        var threads = ends.Select((end, rank) => new Thread(() =>
        {
            try { results[rank] = body(end); }
            catch (Exception e) { errors[rank] = e; }
        })
        { IsBackground = true }).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads)
        {
            // A rank that failed leaves the others waiting: report it instead of hanging.
            while (!thread.Join(50))
                if (errors.FirstOrDefault(e => e is not null) is { } first)
                    throw new InvalidOperationException(first.Message, first);
        }
        return errors.FirstOrDefault(e => e is not null) is { } error
            ? throw new InvalidOperationException(error.Message, error) : results;
    }

    /// <summary>A value of rank and place whose sums depend on the order of summation.</summary>
    public static float Value(int rank, long i) => MathF.Sin(rank * 7919 + i * 0.37f) * (1 + i % 5 * 1000);

    public static float[] Values(int rank, long count)
        => [.. Enumerable.Range(0, (int)count).Select(i => Value(rank, i))];
}
