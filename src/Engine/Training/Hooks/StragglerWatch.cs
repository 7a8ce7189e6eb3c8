using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Measures which ranks hold the others up. Ranks that train together have the same seconds a step; what differs is how much of it each
/// waits for the others. A rank's own time is the rest, and every 50 steps the ranks compare their medians (<see cref="Stragglers"/>).
/// </summary>
/// <param name="world">The ranks.</param>
internal sealed class StragglerWatch(ICommunicator world) : Hook
{
    /// <summary>Steps between comparisons.</summary>
    public const int Window = 50;
    private readonly double[] own = new double[Window], data = new double[Window];
    private readonly Stragglers stragglers = new(world.Hosts);
    private int count;

    public override int Order => 90;

    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        (own[count], data[count]) = (record.Seconds - record.CommunicationSeconds, record.DataSeconds);
        if (++count < Window) return;
        count = 0;
        Stragglers.Times mine = new(Median(own), Median(data));
        var all = world.AllGather(MemoryMarshal.AsBytes(new ReadOnlySpan<Stragglers.Times>(in mine)));
        Stragglers.Times[] times = [.. all.Select(bytes => MemoryMarshal.Read<Stragglers.Times>(bytes))];
        MeterLog.NoteSpeed(trainer.Directory!.Id, world.Rank, times.Min(t => t.Own) / times[world.Rank].Own);
        if (!trainer.IsMain) return;
        foreach (var line in stragglers.Compare(times))
        {
            RunEvents.Add(trainer.Directory!, "slow", record.Step, line);
            Console.WriteLine(line);
        }
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[Window / 2 - 1] + values[Window / 2]) / 2;
    }
}
