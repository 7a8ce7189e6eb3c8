namespace Interactive.Collectives;

/// <summary>Sums numbers whose sum is known and compares every element: for buffers too large for a test.</summary>
internal static unsafe class AllReduceCheck
{
    /// <summary>Ranks whose largest sum, 228, is exact in two bytes.</summary>
    public const int MostRanks = 8;

    const int Period = 29; // prime, so that shifted data differ
    const long Piece = 1 << 24;

    /// <summary>One sum that was compared.</summary>
    /// <param name="Elements">Floats of the buffer.</param>
    /// <param name="Wire">How they travelled.</param>
    /// <param name="Algorithm">What summed them.</param>
    /// <param name="Wrong">Elements that were not what they must be, over all ranks.</param>
    /// <param name="Seconds">Of the sum on this rank.</param>
    public sealed record Outcome(long Elements, string Wire, string Algorithm, long Wrong, double Seconds);

    /// <summary>Collective. The data lie in memory that the ranks of a host share.</summary>
    /// <param name="world">At most 8 ranks.</param>
    /// <param name="count">Floats to sum.</param>
    /// <param name="options">How.</param>
    /// <exception cref="UsageException">More than 8 ranks: their sums are not exact in two bytes.</exception>
    public static Outcome Run(ICommunicator world, long count, AllReduceOptions options)
    {
        if (world.Size > MostRanks)
            throw new UsageException($"{world.Size} ranks: the check takes at most {MostRanks}");
        using var own = (Communicator)world.Duplicate(options);
        var data = world.Allocate(count);
        try
        {
            for (long at = 0; at < count; at += Piece) Fill(data + at, at, Math.Min(Piece, count - at), world.Rank);
            world.Barrier();
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            own.AllReduce(data, count);
            var seconds = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
            long wrong = 0;
            for (long at = 0; at < count; at += Piece)
                wrong += Wrong(data + at, at, Math.Min(Piece, count - at), world.Size);
            var all = world.AllGather(BitConverter.GetBytes(wrong)).Sum(bytes => BitConverter.ToInt64(bytes));
            return new Outcome(count, options.Wire.ToString(), own.Choose(count).Name, all, seconds);
        }
        finally { world.Release(data); }
    }

    static void Fill(float* data, long first, long count, int rank)
    {
        int place = (int)(first % Period);
        for (long i = 0; i < count; i++)
        {
            data[i] = place + rank % 2;
            if (++place == Period) place = 0;
        }
    }

    static long Wrong(float* data, long first, long count, int ranks)
    {
        int place = (int)(first % Period);
        long wrong = 0;
        for (long i = 0; i < count; i++)
        {
            if (data[i] != ranks * place + ranks / 2) wrong++;
            if (++place == Period) place = 0;
        }
        return wrong;
    }
}
