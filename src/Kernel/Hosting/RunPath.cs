using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting;

/// <summary>
/// What a command is given for a run: a path, the name of its folder below <c>runs</c>, or <c>latest</c>.
/// </summary>
internal static class RunPath
{
    private const string Root = "runs", Latest = "latest";

    /// <summary>The directory of a run.</summary>
    /// <exception cref="UsageException">There is no such run; the message names the newest ones.</exception>
    public static string OfRun(string given) => Directory.Exists(given) ? given : RunDirectory.Find(Root, given).Path;

    /// <summary>The same where the file of a model may be given; what is none of these stays as it is.</summary>
    public static string OfModel(string given)
        => !Path.Exists(given) && Path.Combine(Root, given) is var below && (given == Latest || Directory.Exists(below))
        ? below : given;
}
