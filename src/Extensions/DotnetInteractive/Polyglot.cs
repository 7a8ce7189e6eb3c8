using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Monitoring;
using TorchSharp;

namespace Interactive.Extensions.DotnetInteractive;

/// <summary>
/// What <c>extension.dib</c> needs inside .NET Interactive (Polyglot Notebooks), without a reference to it.
/// </summary>
public static class Polyglot
{
    private static int claimed;

    /// <summary>
    /// True for the first caller: the compiled extension or the script adds the directives, not both.
    /// </summary>
    public static bool Claim() => Interlocked.Exchange(ref claimed, 1) == 0;

    /// <summary>
    /// The types that the script gives our formatters there. This assembly's own bear
    /// <see cref="TypeFormatterSourceAttribute"/>.
    /// </summary>
    public static IReadOnlyList<Type> Types { get; } = [typeof(torch.Tensor), typeof(Graph), typeof(Schedule),
        typeof(RunDirectory)];

    /// <summary>
    /// The forms in which they are offered, best first. PNG and the live figure lie inside the HTML: that host writes
    /// text, and sends an empty form where a value lacks one that was offered.
    /// </summary>
    public static IReadOnlyList<string> MimeTypes { get; } = [Mime.Html, Mime.Text];

    /// <summary>One form of a value as text; null where it has none.</summary>
    public static string? Format(object value, string mimeType)
        => Formatters.Format(value).Data.TryGetValue(mimeType, out var form) ? form.ToString() : null;

    /// <summary>
    /// The plan of a model as a figure with a table: the values of <c>#!plan</c>'s options, null for those not given.
    /// </summary>
    public static async Task<MimeBundle> Plan(string? model, string? batch, string? image, string? budget)
        => PlanFigures.Plan(await ToolRun.Json(["plan",
        .. Options(("--model", model), ("--batch", batch), ("--image", image), ("--budget", budget))]));

    /// <summary>Measured memory of a model: the values of <c>#!memory</c>'s options.</summary>
    public static async Task<MimeBundle> Memory(string? model, string? batch, string? image, string? budget)
        => PlanFigures.Memory(await ToolRun.Json(["bench", "memory",
        .. Options(("--model", model), ("--batch", batch), ("--image", image), ("--budget", budget))]));

    /// <summary>
    /// How training scales: the values of <c>#!scaling</c>'s options. With <paramref name="simulate"/> a prediction for
    /// so many ranks of a model and a net, else the sum over ranks as measured here.
    /// </summary>
    public static async Task<MimeBundle> Scaling(string? ranks, string? sizes, string? simulate, string? model,
        string? net) => simulate is null
        ? ScalingFigures.AllReduce(await ToolRun.Json(["bench", "allreduce",
        .. Options(("-n", ranks), ("--sizes", sizes))]))
        : ScalingFigures.Simulated(await ToolRun.Json(["bench", "scaling",
        .. Options(("--simulate", simulate), ("--model", model), ("--net", net))]));

    /// <summary>Runs a script on several ranks and passes on each line that they write.</summary>
    /// <exception cref="UsageException">An option is missing.</exception>
    public static async Task Mpirun(string? ranks, string? script, Action<string> line)
    {
        if (ranks is null || script is null) throw new UsageException("#!mpirun --ranks N --script FILE.csx");
        var (exit, _, error) = await ToolRun.Run(["launch", "-n", ranks, script], null, line);
        if (exit != 0) throw new InvalidOperationException($"the job on {ranks} ranks ended with exit code {exit}: {error.Trim()}");
    }

    private static IEnumerable<string> Options(params (string Name, string? Value)[] options)
        => options.Where(o => o.Value is not null).SelectMany(o => new[] { o.Name, o.Value! });
}
