using System.Globalization;
using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Interactive.Kernel.Hosting;

/// <summary>
/// Lets Prometheus scrape a process that trains, at <c>http://HOST:PORT/metrics</c>; the ranks of a host have ports
/// that follow each other. Requests are answered under the name HOST alone.
/// </summary>
/// <param name="Host">The name under which it is asked: 127.0.0.1 is this machine alone, <c>hostname</c> each host's
/// own name.</param>
/// <param name="Port">The first rank's.</param>
internal sealed record MetricsPort(string Host, int Port)
{
    /// <summary>
    /// The variable by which a launcher tells its ranks; also for users whose launcher is another one.
    /// </summary>
    public const string Variable = "INTERACTIVE_METRICS_PORT";

    private static readonly string[] localRanks = ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"];

    /// <summary>Reads PORT or HOST:PORT.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public static MetricsPort Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "127.0.0.1" : text[..colon];
        if (int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and < 65536 && Uri.CheckHostName(host) != UriHostNameType.Unknown) return new(host, port);
        throw new UsageException($"--metrics-port {text}: PORT or HOST:PORT is needed, a port is 1 to 65535");
    }

    /// <summary>Listens as long as the returned object lives, where the variable asks for it; else null.</summary>
    /// <exception cref="UsageException">The variable holds no port, or it cannot be used.</exception>
    public static IDisposable? Open()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text) return null;
        var (first, local) = (Parse(text),
            localRanks.Select(Environment.GetEnvironmentVariable).FirstOrDefault(rank => rank is not null));
        return (first with
        {
            Port = first.Port
            + (int.TryParse(local, CultureInfo.InvariantCulture, out var rank) ? rank : 0)
        }).Listen();
    }

    // A method of its own: a script that nobody scrapes loads no OpenTelemetry.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private MeterProvider Listen()
    {
        try
        {
            return Sdk.CreateMeterProviderBuilder().AddMeter("Interactive").AddPrometheusHttpListener(listener =>
            {
                (listener.Host, listener.Port) = (Host == "hostname" ? Environment.MachineName : Host, Port);
                (listener.TargetInfoEnabled, listener.ScopeInfoEnabled) = (false, false);
            }).Build();
        }
        catch (InvalidOperationException e) when (e.InnerException is { } why)
        {
            throw new UsageException($"--metrics-port {Host}:{Port} cannot be used: {why.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>As it is given.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}
