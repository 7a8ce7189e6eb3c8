using System.CommandLine;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>What all commands that run scripts accept.</summary>
internal sealed class ScriptOptions
{
    public readonly Option<string> Configuration = new("--configuration", "-c")
    {
        Description = "release (optimised, default) or debug",
        DefaultValueFactory = _ => "release",
    };
    public readonly Option<bool> NoCache = new("--no-cache") { Description = "compile anew and keep nothing" };
    public readonly Option<string?> MetricsPort = new("--metrics-port")
    {
        Description = "PORT or HOST:PORT where Prometheus finds /metrics; the ranks of a host have ports that follow each other",
    };
    public readonly Option<string?> Mpi = new("--mpi")
    {
        Description = "openmpi or mpich (default: the first that is installed; mpich for programs of MPI.NET)",
    };
    public readonly Argument<string[]> Arguments = new("ARGS")
    {
        Description = "the script's arguments, after --",
        Arity = ArgumentArity.ZeroOrMore,
    };

    public ScriptOptions()
    {
        // dotnet-script takes Release as well.
        Configuration.AcceptOnlyFromAmong("release", "debug", "Release", "Debug");
        Mpi.AcceptOnlyFromAmong("openmpi", "mpich");
    }

    /// <summary>The script's arguments.</summary>
    public string[] Read(ParseResult parsed) => parsed.GetValue(Arguments) ?? [];

    /// <summary>The port at which the training is scraped, as its processes are told; null where it is not.</summary>
    public string? Scraped(ParseResult parsed)
        => parsed.GetValue(MetricsPort) is { } port ? Hosting.MetricsPort.Parse(port).ToString() : null;

    /// <summary>Which MPI starts the ranks of a program; null for the first that is installed.</summary>
    public MpiFlavor? Flavor(ParseResult parsed, string code) => parsed.GetValue(Mpi) switch
    {
        "openmpi" => MpiFlavor.OpenMpi,
        "mpich" => MpiFlavor.Mpich,
        _ => MpiNetUse.FlavorFor(code),
    };

    public void AddTo(Command command)
    {
        command.Add(Arguments);
        command.Add(Configuration);
        command.Add(NoCache);
    }

    public bool IsRelease(ParseResult parsed)
        => parsed.GetValue(Configuration)!.Equals("release", StringComparison.OrdinalIgnoreCase);
}
