using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Measures which ranks hold the others up. Ranks that train together have the same seconds a step; what differs is how much of it each
/// waits for the others. A rank's own time is the rest, and every 50 steps the ranks compare their medians (<see cref="Stragglers"/>)
/// and write them down (<see cref="RankTimes"/>).
/// </summary>
/// <param name="world">The ranks.</param>
/// <param name="areAlike">Whether they have the same work: stages of a pipeline have not, and none is called slow.</param>
/// <param name="tell">Takes a line for people, on the rank that talks.</param>
internal sealed class StragglerWatch(ICommunicator world, bool areAlike, Action<string> tell) : Hook
{
    /// <summary>Steps between comparisons.</summary>
    public const int Window = 50;
    private readonly double[] own = new double[Window], data = new double[Window], wait = new double[Window];
    private readonly Stragglers stragglers = new(world.Hosts);
    private int count;

    public override int Order => 90;

    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        (own[count], data[count], wait[count]) = (record.Seconds - record.CommunicationSeconds, record.DataSeconds, record.CommunicationSeconds);
        if (++count < Window) return;
        count = 0;
        Stragglers.Times mine = new(Median(own), Median(data), Median(wait));
        var all = world.AllGather(MemoryMarshal.AsBytes(new ReadOnlySpan<Stragglers.Times>(in mine)));
        Stragglers.Times[] times = [.. all.Select(bytes => MemoryMarshal.Read<Stragglers.Times>(bytes))];
        if (areAlike) MeterLog.NoteSpeed(trainer.Directory!.Id, world.Rank, times.Min(t => t.Own) / times[world.Rank].Own);
        if (!trainer.IsMain) return;
        float[] Of(Func<Stragglers.Times, double> what) => [.. times.Select(t => (float)what(t))];
        new RankTimes(record.Step, Of(t => t.Own), Of(t => t.Data), Of(t => t.Wait)).AddTo(trainer.Directory!);
        foreach (var line in areAlike ? stragglers.Compare(times) : [])
        {
            RunEvents.Add(trainer.Directory!, "slow", record.Step, line);
            tell(line);
        }
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[Window / 2 - 1] + values[Window / 2]) / 2;
    }
}
