namespace Interactive.Collectives.Simulation;

/// <summary>
/// The alpha-beta model of a network: a message leaves when its sender's link is free, holds the link for its bytes and
/// arrives a latency later. Links are full duplex and the switch is never the bottleneck.
/// </summary>
/// <param name="Latency">Seconds from the last byte's departure to its arrival.</param>
/// <param name="BytesPerSecond">Speed of a rank's link.</param>
public sealed record Network(double Latency, double BytesPerSecond)
{
    /// <summary>Seconds a message holds its sender's link.</summary>
    public double Transmission(long bytes) => bytes / BytesPerSecond;

    /// <summary>Seconds until the last rank has finished what the traces say, all having begun together.</summary>
    /// <exception cref="CollectiveException">Some rank waits for a message that nobody sends, or that has another
    /// size.</exception>
    public double Replay(IReadOnlyList<MessageTrace> traces)
    {
        var arrivals = new Dictionary<(int From, int To, int Tag), List<(int Bytes, double Time)>>();
        var ranks = traces.Select(trace => new Clock(trace, this, arrivals)).ToList();
        for (var moved = true; moved;)
        {
            moved = false;
            foreach (var rank in ranks) moved |= rank.Advance();
        }
        return ranks.Find(rank => !rank.Done) is { } stuck
            ? throw new CollectiveException($"rank {stuck.Rank} waits for a message that nobody sends")
            : ranks.Max(rank => rank.Now);
    }

    /// <summary>
    /// Like <see cref="Replay"/> for an algorithm in which every rank does the same at the same time, from one rank's
    /// trace: its k-th receive gets what another rank sends when this one makes its k-th send.
    /// </summary>
    /// <exception cref="CollectiveException">A message is waited for before its counterpart is sent: the ranks do not
    /// do the same.</exception>
    public double ReplaySymmetric(MessageTrace trace)
    {
        var departures = new List<double>();
        var place = new int[trace.Events.Count];
        double now = 0, linkFree = 0;
        int receives = 0;
        for (var i = 0; i < place.Length; i++)
        {
            var e = trace.Events[i];
            if (e.Kind == MessageTrace.Kind.Send)
            {
                place[i] = departures.Count;
                departures.Add(linkFree = Math.Max(now, linkFree) + Transmission(e.Bytes));
            }
            else if (e.Kind == MessageTrace.Kind.Receive) place[i] = receives++;
            else if (place[e.Peer] >= departures.Count) throw new CollectiveException($"rank {trace.Rank} is no image of the others: it waits for message {place[e.Peer]} before it sends its own");
            else now = Math.Max(now,
                departures[place[e.Peer]] + (trace.Events[e.Peer].Kind == MessageTrace.Kind.Receive ? Latency : 0));
        }
        return now;
    }

    sealed class Clock(MessageTrace trace, Network network,
        Dictionary<(int From, int To, int Tag), List<(int Bytes, double Time)>> arrivals)
    {
        readonly double[] departed = new double[trace.Events.Count];
        readonly int[] order = new int[trace.Events.Count];
        readonly Dictionary<(int From, int Tag), int> received = [];
        double linkFree;
        int at;

        public int Rank => trace.Rank;
        public double Now { get; private set; }
        public bool Done => at == trace.Events.Count;

        /// <summary>Goes on to the next message that has not been sent yet.</summary>
        /// <returns>Whether anything has happened.</returns>
        public bool Advance()
        {
            for (var first = at; ; at++)
            {
                if (Done) return at > first;
                var e = trace.Events[at];
                switch (e.Kind)
                {
                    case MessageTrace.Kind.Send:
                        departed[at] = linkFree = Math.Max(Now, linkFree) + network.Transmission(e.Bytes);
                        Box((Rank, e.Peer, e.Tag)).Add((e.Bytes, linkFree + network.Latency));
                        break;
                    case MessageTrace.Kind.Receive:
                        order[at] = received.GetValueOrDefault((e.Peer, e.Tag));
                        received[(e.Peer, e.Tag)] = order[at] + 1;
                        break;
                    default:
                        var waited = trace.Events[e.Peer];
                        if (waited.Kind == MessageTrace.Kind.Send)
                        {
                            Now = Math.Max(Now, departed[e.Peer]);
                            break;
                        }
                        var box = Box((waited.Peer, Rank, waited.Tag));
                        if (box.Count <= order[e.Peer]) return at > first;
                        var (bytes, time) = box[order[e.Peer]];
                        if (bytes != waited.Bytes) throw new CollectiveException($"rank {Rank} expects {waited.Bytes} bytes from rank {waited.Peer}, which sends {bytes}");
                        Now = Math.Max(Now, time);
                        break;
                }
            }
        }

        List<(int Bytes, double Time)> Box((int, int, int) key)
            => arrivals.TryGetValue(key, out var box) ? box : arrivals[key] = [];
    }
}
