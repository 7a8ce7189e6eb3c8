using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Interactive.Collectives;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench allreduce -n N --sizes 64K,1M --json</c>: our all-reduce against the MPI library's own, by
/// default and with each algorithm that the library can be made to use. <c>--check</c> compares values instead of
/// times.
/// </summary>
internal static class BenchAllReduceCommand
{
    sealed record Job(string Library, string[] Hosts, AllReduceBenchmark.Timing[] Timings);

    public static Command Create()
    {
        var ranks = new Option<int>("--ranks", "-n") { Description = "how many ranks", DefaultValueFactory = _ => 2 };
        var sizes = new Option<string>("--sizes")
        {
            Description = "bytes to sum, such as 64K,1M,16M",
            DefaultValueFactory = _ => "4K,64K,1M,16M,64M",
        };
        var mpi = new Option<string?>("--mpi")
        {
            Description = "openmpi or mpich (default: the first that is installed)",
        };
        mpi.AcceptOnlyFromAmong("openmpi", "mpich");
        var algorithm = new Option<string?>("--algorithm")
        {
            Description = $"one of {string.Join(", ", AllReduceAlgorithm.All)} (default: the table's choice)",
        };
        var forced = new Option<bool>("--no-forced") { Description = "skip the MPI library's other algorithms" };
        var check = new Option<bool>("--check")
        {
            Description = "sum known numbers in fp32 and bf16 and compare every element, in place of timing; for sizes of any number of elements",
        };
        var tune = new Option<bool>("--tune")
        {
            Description = "time all algorithms and keep the table for later runs with as many ranks per host",
        };
        var json = new Option<bool>("--json") { Description = "print one JSON object as the last line" };
        var worker = new Option<bool>("--worker") { Hidden = true };
        var command = new Command("allreduce", "All-reduce speed against the MPI library's own.") { ranks, sizes, mpi, algorithm, forced, check, tune, json, worker };
        command.SetAction(parsed =>
        {
            var bytes = parsed.GetValue(sizes)!.Split(',').Select(ByteSize.Parse).ToList();
            var named = parsed.GetValue(algorithm);
            if (parsed.GetValue(worker) && parsed.GetValue(check)) return Check(bytes, named);
            if (parsed.GetValue(worker)) return Work(bytes, named?.Split('+') ?? ["table"], parsed.GetValue(tune));
            if (named is not null) AllReduceAlgorithm.Parse(named);
            MpiFlavor? flavor = parsed.GetValue(mpi) switch
            {
                "openmpi" => MpiFlavor.OpenMpi,
                "mpich" => MpiFlavor.Mpich,
                _ => null
            };
            if (parsed.GetValue(check))
                return Checked(parsed.GetValue(ranks), parsed.GetValue(sizes)!, named, flavor, parsed.GetValue(json));
            Compare(parsed.GetValue(ranks), parsed.GetValue(sizes)!, bytes, named, flavor, !parsed.GetValue(forced),
                parsed.GetValue(tune), parsed.GetValue(json));
            return 0;
        });
        return command;
    }

    static int Work(IReadOnlyList<long> sizes, IReadOnlyList<string?> algorithms, bool tune)
    {
        var world = World.Current;
        var timings = AllReduceBenchmark.Run(world, sizes,
            [.. algorithms.Select(name => name == "table" ? null : name)]);
        if (world.Rank != 0) return 0;
        if (tune)
        {
            var best =
                timings.GroupBy(timing => timing.Bytes).OrderBy(group => group.Key)
                .Select(group => group.MinBy(timing => timing.Seconds)!).ToList();
            AllReduceTable.Save(world.Hosts,
                [.. best.Select((timing, i)
                => new AllReduceTable.Row(i + 1 < best.Count ? timing.Bytes : long.MaxValue,
                    AllReduceAlgorithm.Parse(timing.Algorithm)))]);
        }
        Console.WriteLine(JsonSerializer.Serialize(new Job(World.Library ?? "", [.. world.Hosts.Distinct()],
            [.. timings])));
        return 0;
    }

    static int Check(IReadOnlyList<long> sizes, string? algorithm)
    {
        var world = World.Current;
        AllReduceOptions[] ways = [new() { Algorithm = algorithm is null ? null : AllReduceAlgorithm.Parse(algorithm) },
            new() { Wire = WireFormat.Bf16, ErrorFeedback = false }];
        var outcomes =
            sizes.SelectMany(bytes
            => ways.Select(way => AllReduceCheck.Run(world, Math.Max(1, bytes / sizeof(float)), way))).ToList();
        if (world.Rank == 0) Console.WriteLine(JsonSerializer.Serialize(outcomes));
        return 0;
    }

    static int Checked(int ranks, string sizes, string? algorithm, MpiFlavor? flavor, bool json)
    {
        if (ranks > AllReduceCheck.MostRanks) throw new UsageException($"--check -n {ranks}: at most {AllReduceCheck.MostRanks} ranks, whose sums are exact in two bytes");
        List<string> arguments = ["--check", .. algorithm is null ? Array.Empty<string>() : ["--algorithm", algorithm]];
        var outcomes =
            JsonSerializer.Deserialize<AllReduceCheck.Outcome[]>(Ranks(ranks, sizes, flavor, arguments, [], '['))!;
        foreach (var outcome in outcomes)
            Console.Error.WriteLine($"{outcome.Elements:N0} elements, {outcome.Wire} on the wire, {outcome.Algorithm}: {(outcome.Wrong == 0 ? "all right" : $"{outcome.Wrong:N0} WRONG")} ({outcome.Seconds:F2} s)");
        if (json) Console.WriteLine(JsonSerializer.Serialize(new { ranks, outcomes }, JsonSerializerOptions.Web));
        return outcomes.All(outcome => outcome.Wrong == 0) ? 0 : 1;
    }

    static void Compare(int ranks, string sizes, IReadOnlyList<long> bytes, string? algorithm, MpiFlavor? flavor,
        bool forced, bool tune, bool json)
    {
        var chosen = flavor
            ?? MpiLauncher.Installed().Select(entry => (MpiFlavor?)entry.Flavor).FirstOrDefault()
            ?? throw new UsageException("mpirun is not installed: apt-get install openmpi-bin");
        if (tune) Launch(ranks, sizes, "ring+halving-doubling+window", chosen, [], tune: true);
        var first = Launch(ranks, sizes, $"{algorithm ?? "table"}+mpi+{AllReduceBenchmark.Copy}", chosen, []);
        // Ours runs in turn with the library's in every job, so that both find the caches as the other leaves them.
        var others = forced
            ? Settings(chosen)
            .Select(setting => (Name: string.Join(' ', setting.Select(pair => $"{pair.Name}={pair.Value}")),
            Job: Launch(ranks, sizes, $"{algorithm ?? "table"}+mpi", chosen, setting))).ToList()
            : [];
        var results = bytes.Select((size, i) =>
        {
            var (own, theirs, copy) = (first.Timings[3 * i], first.Timings[3 * i + 1], first.Timings[3 * i + 2]);
            var peers = new List<object> { new { name = $"MPI_Allreduce, {Short(first.Library)}", setting = "default",
                seconds = theirs.Seconds } };
            if (others.Count > 0)
            {
                var best = others.MinBy(other => other.Job.Timings[2 * i + 1].Seconds);
                peers.Add(new
                {
                    name = $"MPI_Allreduce, {Short(first.Library)}",
                    setting = best.Name,
                    seconds = best.Job.Timings[2 * i + 1].Seconds
                });
            }
            return new
            {
                bytes = size,
                algorithm = own.Algorithm,
                seconds = own.Seconds,
                busBandwidth = AllReduceBenchmark.BusBandwidth(size, own.Seconds, ranks),
                copySeconds = copy.Seconds,
                peers
            };
        }).ToList();
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { ranks, hosts = first.Hosts.Length, results }));
            return;
        }
        Console.WriteLine($"{ranks} ranks on {first.Hosts.Length} host(s), {Short(first.Library)}");
        foreach (var (result, i) in results.Select((result, i) => (result, i)))
            Console.WriteLine($"{result.bytes,12:N0} B  {result.algorithm,-17} {result.seconds * 1e6,12:N1} us  {result.busBandwidth / 1e9,6:N2} GB/s   copy {result.copySeconds * 1e6,12:N1} us   MPI default {first.Timings[3 * i + 1].Seconds * 1e6,12:N1} us"
                + (others.Count > 0
                    ? $"   best forced {others.Min(other => other.Job.Timings[2 * i + 1].Seconds) * 1e6,12:N1} us"
                    : ""));
    }

    static Job Launch(int ranks, string sizes, string algorithms, MpiFlavor flavor,
        (string Name, string Value)[] environment, bool tune = false)
        => JsonSerializer.Deserialize<Job>(Ranks(ranks, sizes, flavor,
        ["--algorithm", algorithms, .. tune ? ["--tune"] : Array.Empty<string>()], environment, '{'))!;

    /// <summary>Runs this command on ranks of its own.</summary>
    /// <returns>The last line of output that begins with <paramref name="first"/>.</returns>
    static string Ranks(int ranks, string sizes, MpiFlavor? flavor, IEnumerable<string> arguments,
        (string Name, string Value)[] environment, char first)
    {
        var start = MpiLauncher.Command(ranks,
            [DotnetProgram.Path, typeof(BenchAllReduceCommand).Assembly.Location, "bench", "allreduce", "--worker",
            "--sizes", sizes, .. arguments], flavor);
        // Returned pages would have to be faulted in again by every call of the library's own all-reduce.
        start.Environment["MALLOC_MMAP_MAX_"] = "0";
        start.Environment["MALLOC_TRIM_THRESHOLD_"] = "8589934592";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        // they have said why
        if (process.ExitCode != 0)
            throw new UsageException($"the benchmark's ranks ended with exit code {process.ExitCode}");
        return output.Split('\n').Last(line => line.StartsWith(first));
    }

    /// <summary>The algorithms that an MPI library can be made to use for MPI_Allreduce.</summary>
    static IEnumerable<(string Name, string Value)[]> Settings(MpiFlavor flavor) => flavor == MpiFlavor.OpenMpi
        ? [.. new[] { "3", "4", "5", "6" }.Select(
        algorithm => new[] { ("OMPI_MCA_coll_tuned_use_dynamic_rules", "1"), ("OMPI_MCA_coll_tuned_allreduce_algorithm",
        algorithm) })
            .Append([("OMPI_MCA_coll_tuned_use_dynamic_rules", "1"), ("OMPI_MCA_coll_tuned_allreduce_algorithm", "5"),
            ("OMPI_MCA_coll_tuned_allreduce_algorithm_segmentsize", "1048576")])]
        : [.. new[] { "recursive_doubling", "reduce_scatter_allgather" }.Select(
        algorithm => new[] { ("MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM", algorithm) })];

    static string Short(string library) => library.Split(',')[0].Replace("\t", " ");
}
