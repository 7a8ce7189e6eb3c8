using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Interactive.Kernel.Hosting.Kubernetes;

/// <summary>The ranks of one pod out of many equal ones.</summary>
/// <param name="Index">The pod's number, from 0.</param>
/// <param name="Ranks">Over all pods.</param>
/// <param name="Here">Of them, in each pod.</param>
/// <param name="Host">The first pod's name.</param>
/// <param name="Port">The port there.</param>
internal sealed record PodRanks(int Index, int Ranks, int Here, string Host, int Port)
{
    /// <summary>Exit code of a pod that was asked to end and has saved: another one is to go on.</summary>
    public const int GoesOn = 99;

    private const string Rank = "PMI_RANK", Size = "PMI_SIZE";

    // Indexed jobs and Volcano's.
    private static readonly string[] indices = ["JOB_COMPLETION_INDEX", "VC_TASK_INDEX"];
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(10), glance = TimeSpan.FromMilliseconds(500);

    // Ends when all of them have, with the last exit code that is not 0.
    private const string Start = """
        first=$1 count=$2; shift 2; i=0; all=
        while [ $i -lt $count ]; do
          PMI_RANK=$((first + i)) PMI_ID=$((first + i)) MPI_LOCALRANKID=$i "$@" & all="$all $!"; i=$((i + 1))
        done
        code=0; for one in $all; do wait $one || code=$?; done; exit $code
        """;

    /// <summary>Reads the pod's number and where the ranks meet.</summary>
    /// <exception cref="UsageException">One of them is none.</exception>
    public static PodRanks Read(int ranks, int here, string meet, Func<string, string?> variable)
    {
        if (ranks < 1 || here < 1 || ranks % here != 0)
            throw new UsageException($"--ranks {ranks}, --ranks-per-pod {here}: each pod needs as many as the others, at least 1");
        var colon = meet.LastIndexOf(':');
        if (colon < 1 || !int.TryParse(meet[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture,
            out var port) || port is < 1 or > 65535)
            throw new UsageException($"--meet {meet}: HOST:PORT of the first pod is needed, such as train-0.train:9470");
        var text = indices.Select(variable).FirstOrDefault(t => t is { Length: > 0 })
            ?? throw new UsageException($"{indices[0]} is not set: k8s pod runs in the pods of what k8s manifest writes");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && index < ranks / here ? new(index, ranks, here, meet[..colon], port)
            : throw new UsageException($"{indices[0]}={text}: a number below {ranks / here} pods is needed");
    }

    /// <summary>How to start this pod's ranks.</summary>
    /// <param name="command">Program and arguments of a rank.</param>
    public ProcessStartInfo Command(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo("/bin/sh",
            ["-c", Start, "ranks", $"{Index * Here}", $"{Here}", .. command])
        { UseShellExecute = false };
        start.Environment["PMI_PORT"] = string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
        start.Environment[Size] = ClusterTraining.Text(Ranks);
        start.Environment.Remove(Rank);
        start.Environment.TryAdd("OMP_NUM_THREADS", ClusterTraining.Text(Math.Max(1, Environment.ProcessorCount / Here)));
        return start;
    }

    /// <summary>Waits until the first pod answers: it may be pulled, or started, later than this one.</summary>
    /// <exception cref="UsageException">It does not for ten minutes.</exception>
    public void AwaitMeeting()
    {
        for (var waited = Stopwatch.StartNew(); ; Thread.Sleep(glance))
            try
            {
                using var probe = new TcpClient(Host, Port);
                return;
            }
            catch (SocketException e) when (waited.Elapsed > patience)
            {
                throw new UsageException($"--meet {Host}:{Port}: the first pod has not answered for {patience.TotalMinutes:0} minutes ({e.Message})");
            }
            catch (SocketException) { } // no such name yet, or nobody there
    }
}
