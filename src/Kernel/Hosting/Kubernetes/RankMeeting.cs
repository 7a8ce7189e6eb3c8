using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Interactive.Kernel.Hosting.Kubernetes;

/// <summary>
/// Where MPICH's ranks find each other when no mpirun has started them: each tells its address here and reads the
/// others'. Speaks PMI 1 (Balaji et al., "PMI: A scalable parallel process-management interface", 2010), the protocol
/// between MPICH's ranks and its own launcher, for one job of a fixed number of ranks.
/// </summary>
internal sealed class RankMeeting : IDisposable
{
    private const string Space = "ranks"; // of keys; there is one
    private static readonly TimeSpan farewell = TimeSpan.FromSeconds(5);

    private readonly int ranks;
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<string, string> values = new();
    private readonly Dictionary<int, StreamWriter> present = [];
    private readonly CountdownEvent left;
    private int arrived;

    /// <summary>Opens it.</summary>
    /// <param name="ranks">Of the job.</param>
    /// <param name="port">0 for a free one.</param>
    /// <exception cref="UsageException">The port is in use.</exception>
    public RankMeeting(int ranks, int port)
    {
        (this.ranks, left) = (ranks, new(ranks));
        try { listener.Bind(new IPEndPoint(IPAddress.Any, port)); }
        catch (SocketException e) { throw new UsageException($"--meet: port {port} cannot be used: {e.Message}"); }
        listener.Listen(ranks);
        _ = Accept();
    }

    /// <summary>The port it has.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndPoint!).Port;

    private async Task Accept()
    {
        while (true)
        {
            Socket guest;
            try { guest = await listener.AcceptAsync(); }
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { return; }
            _ = Serve(guest);
        }
    }

    private async Task Serve(Socket guest)
    {
        await using var stream = new NetworkStream(guest, ownsSocket: true);
        using var reader = new StreamReader(stream);
        await using var writer = new StreamWriter(stream) { NewLine = "\n" };
        var isRank = false;
        try
        {
            while (await reader.ReadLineAsync() is { } line && Command(line) is var command and not "finalize")
            {
                if (command == "initack")
                {
                    // A rank of another attempt at the job, or a stranger, is not let in.
                    if (!int.TryParse(Word(line, "pmiid"), CultureInfo.InvariantCulture, out var rank)
                        || rank < 0 || rank >= ranks) return;
                    lock (present) if (!present.TryAdd(rank, writer)) return;
                    isRank = true;
                    Say(writer, "initack rc=0", string.Create(CultureInfo.InvariantCulture, $"set size={ranks}"),
                        string.Create(CultureInfo.InvariantCulture, $"set rank={rank}"), "set debug=0");
                }
                else if (!isRank) return;
                else if (command == "barrier_in") Arrive();
                else if (Answer(command, line) is { } answer) Say(writer, answer);
                else return;
            }
            if (isRank) Say(writer, "finalize_ack rc=0 msg=success");
        }
        catch (IOException) { } // it has ended: the others notice by themselves
        finally { if (isRank) left.Signal(); }
    }

    private string? Answer(string command, string line) => command switch
    {
        "init" => "response_to_init pmi_version=1 pmi_subversion=1 rc=0",
        "get_maxes" => "maxes kvsname_max=256 keylen_max=64 vallen_max=1024",
        "get_appnum" => "appnum appnum=0",
        "get_universe_size" => string.Create(CultureInfo.InvariantCulture, $"universe_size size={ranks}"),
        "get_my_kvsname" => $"my_kvsname kvsname={Space}",
        "put" => Put(Word(line, "key"), line),
        "get" => values.TryGetValue(Word(line, "key"), out var value) ? $"get_result rc=0 msg=success value={value}"
            : "get_result rc=-1 msg=key_not_found value=unknown",
        _ => null, // abort, or what one job of a fixed size does not ask
    };

    private string Put(string key, string line)
    {
        const string mark = " value=";
        values[key] = line[(line.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..];
        return "put_result rc=0 msg=success";
    }

    private void Arrive()
    {
        lock (present)
        {
            if (++arrived < ranks) return;
            arrived = 0;
            foreach (var writer in present.Values)
                try { Say(writer, "barrier_out rc=0 msg=success"); }
                catch (IOException) { } // that one has ended
        }
    }

    private static void Say(StreamWriter writer, params IEnumerable<string> commands)
    {
        foreach (var command in commands) writer.WriteLine($"cmd={command}");
        writer.Flush();
    }

    private static string Command(string line) => Word(line, "cmd");

    private static string Word(string line, string key)
        => line.Split(' ').FirstOrDefault(w => w.StartsWith($"{key}=", StringComparison.Ordinal))?[(key.Length + 1)..]
            ?? "";

    /// <summary>Closes it; ranks of other hosts that are about to leave are waited for.</summary>
    public void Dispose()
    {
        left.Wait(farewell);
        listener.Dispose();
    }
}
