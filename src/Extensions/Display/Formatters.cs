using System.Runtime.CompilerServices;
using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Monitoring;
using Interactive.Runtime;
using Interactive.Training;
using TorchSharp;

namespace Interactive.Extensions.Display;

/// <summary>Turns values into what a host can show.</summary>
public static class Formatters
{
    private static readonly Dictionary<Type, Func<object, MimeBundle>> registered = [];

    /// <summary>Chooses the form of a type and of what derives from it, before all built-in ones.</summary>
    public static void Register<T>(Func<T, MimeBundle> format) where T : notnull
    {
        lock (registered) registered[typeof(T)] = value => format((T)value);
    }

    /// <summary>
    /// Has the last word on the forms of every value: gets the value and what makes its usual forms. Default: those;
    /// set by a host.
    /// </summary>
    public static Func<object, Func<MimeBundle>, MimeBundle> Adapt { get; set; } = (_, usual) => usual();

    /// <summary>
    /// The forms of a value; a bundle is its own. What <see cref="Register"/> was told counts most, then what is known
    /// here (figures, tensors, graphs, runs, exceptions), then the type's own attribute named
    /// TypeFormatterSourceAttribute, then a table of its properties. What a formatter throws is shown in the value's
    /// place.
    /// </summary>
    public static MimeBundle Format(object? value)
    {
        try { return value is null ? MimeBundle.Plain("null") : Adapt(value, () => Usual(value)); }
        catch (Exception e) when (!DisplayHost.IsInterrupted())
        {
            return MimeBundle.Plain($"{value!.GetType().Name} could not be shown: {e.GetType().Name}: {ExceptionFormat.Message(e)}");
        }
    }

    private static MimeBundle Usual(object value)
        => Registered(value)
        ?? Known(value) ?? OfTorch(value) ?? ConventionFormatter.Format(value) ?? ObjectFormat.Format(value);

    // .NET Interactive may ask for the forms of a value before anything else of this library has run.
#pragma warning disable CA2255 // it only sets a field
    [ModuleInitializer]
    internal static void Announce() => DotnetInteractive.PolyglotFormatterSource.Formatter = Format;
#pragma warning restore CA2255

    private static MimeBundle? Known(object value) => value switch
    {
        MimeBundle bundle => bundle,
        Figure figure => FigureFormat.Format(figure),
        Schedule schedule => ScheduleFormat.Format(schedule),
        Plan plan => PlanFormat.Format(plan),
        PlanReport report => PlanFormat.Format(report),
        RunDirectory run => RunFormat.Format(RunMetrics.Read(run.Path)),
        RunMetrics run => RunFormat.Format(run),
        IEnumerable<RunDirectory> runs => RunFormat.Format(runs.Select(r => RunMetrics.Read(r.Path))),
        IEnumerable<RunMetrics> runs => RunFormat.Format(runs),
        Exception exception => ExceptionFormat.Format(exception),
        Table table => table.ToBundle(),
        _ => null,
    };

    // To ask for such a type would load libtorch, and where it is not loaded no value is of one.
    private static MimeBundle? OfTorch(object value) => TorchLoader.IsLoaded ? FormatTorch(value) : null;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MimeBundle? FormatTorch(object value) => value switch
    {
        torch.Tensor tensor => TensorFormat.Format(tensor),
        Graph graph => GraphFormat.Format(graph),
        IEnumerable<Graph> graphs => GraphFormat.Format(graphs),
        torch.nn.Module module => ModuleFormat.Format(module),
        Trainer { Directory: { } run } => Format(run),
        _ => null,
    };

    private static MimeBundle? Registered(object value)
    {
        Func<object, MimeBundle>? format = null;
        lock (registered)
            for (var type = value.GetType(); type is not null && registered.Count > 0
                && !registered.TryGetValue(type, out format); type = type.BaseType) { }
        return format?.Invoke(value);
    }
}
