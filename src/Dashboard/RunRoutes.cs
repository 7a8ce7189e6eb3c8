using System.Globalization;
using Interactive.Extensions.Plots;
using Interactive.Extensions.Runs;
using Interactive.Memory;
using Interactive.Monitoring;

namespace Interactive.Dashboard;

/// <summary>
/// What the page asks of runs, as JSON. Numbers that are none (NaN, infinite) are texts, or null in curves.
/// </summary>
internal static class RunRoutes
{
    private const int MostRuns = 40, MostColumns = 4000;

    public static void Map(IEndpointRouteBuilder routes, RunStore store)
    {
        routes.MapGet("/api/runs", context =>
        {
            var damaged = new List<string>();
            var rows = store.Rows(damaged, context.Request.Query.ContainsKey("run") ? Asked(context, store) : store.All);
            return Json(context,
                new
                {
                    folder = store.Folder,
                    damaged,
                    defaults = RunOptions.Defaults,
                    runs = rows
                    .Select(r => new { r.Run, r.State, r.Model, r.Steps, r.Metrics, chosen = r.Chosen.ToDictionary() })
                });
        });
        routes.MapGet("/api/runs/{run}", context => Run(context, store));
        routes.MapGet("/api/folder", context => Json(context, new { folder = store.Folder }));
        routes.MapGet("/api/curves", context => Curves(context, store));
    }

    private static Task Run(HttpContext context, RunStore store)
    {
        if (store.Find(context.Request.RouteValues["run"] as string) is not { } run) return Missing(context);
        var row = store.Row(run);
        var events = RunEvents.Read(run);
        var (seconds, places) = (RunEvents.Seconds(events), Places(events));
        return Json(context, new
        {
            row.Run,
            row.State,
            row.Model,
            row.Steps,
            row.Metrics,
            row.Options,
            chosen = row.Chosen.ToDictionary(),
            folder = run.Path,
            facts = store.Ask(run,
                curves
                => RunFacts.Of(RunMetrics.ReadConfig(run.Path), curves).Select(f => new { f.Name, f.Value }).ToList()),
            ettr = store.Ask(run, curves => EffectiveTime.Of(events, curves.Steps)),
            events = store.Ask(run, curves => events.Select((e, i) => new
            {
                e.Kind,
                e.Step,
                e.Time,
                e.Detail,
                after = seconds[i],
                at = new { step = places[i], time = curves.Place("time")((int)places[i]), samples = curves.Place("samples")((int)places[i]) },
            }).ToList()),
            keys = store.Ask(run, c => c.Curves.Keys.ToList()),
            report = RunFiles.Find(run, "report.html") is not null,
            trace = RunFiles.HasTrace(run),
            plan = RunFiles.Find(run, PlanSheet.File) is not null,
            // what is asked for again only where it has grown
            ranks = RunFiles.Find(run, RankTimes.File)?.Length ?? 0,
            log = RunFiles.Logs(run, events).Sum(log => log.File.Length),
        });
    }

    // Who starts a run, or starts it again, knows no step: it lies before the first one that follows, or after all so far.
    private static long[] Places(IReadOnlyList<RunEvent> events)
    {
        var places = new long[events.Count];
        long? next = null;
        for (var i = events.Count - 1; i >= 0; i--)
        {
            if (events[i].Kind == "first-step") next = events[i].Step - 1;
            places[i] = events[i].Step > 0 ? events[i].Step : next ?? events.Take(i).Select(e => e.Step).DefaultIfEmpty().Max();
        }
        return places;
    }

    // Runs by id, a key or several (none: all that were measured), and a window of an axis.
    private static Task Curves(HttpContext context, RunStore store)
    {
        var query = context.Request.Query;
        var axis = (string?)query["axis"] ?? "step";
        var (from, to) = (Number(query["from"], double.NegativeInfinity), Number(query["to"], double.PositiveInfinity));
        var columns = (int)Math.Clamp(Number(query["columns"], 800), 10, MostColumns);
        if (axis is not ("step" or "time" or "samples"))
            return Refuse(context, $"axis={axis}: choose step, time or samples");
        var (asked, keys) = (Asked(context, store), query["key"].OfType<string>().Distinct().ToList());
        store.Read(asked);
        var curves = asked.SelectMany(run => store.Ask(run, read => (keys.Count > 0 ? keys : read.Curves.Keys).Select(key => new CurvePoints(run.Id, key,
            read.Curves.TryGetValue(key, out var curve) ? curve.Between(read.Place(axis), from, to, columns) : [])).ToList())).ToList();
        if (query["as"] != "bytes") return Json(context, CurvePoints.ByRun(asked.Select(run => run.Id), curves));
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = "application/octet-stream";
        return context.Response.Body.WriteAsync(CurvePoints.Bytes(curves)).AsTask();
    }

    private static List<RunDirectory> Asked(HttpContext context, RunStore store)
        => [.. context.Request.Query["run"].Distinct().Take(MostRuns).Select(store.Find).OfType<RunDirectory>()];

    private static double Number(string? text, double otherwise)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && !double.IsNaN(number) ? number : otherwise;

    public static Task Missing(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Json(context, new { error = "there is no such run" });
    }

    private static Task Refuse(HttpContext context, string why)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return Json(context, new { error = why });
    }

    public static Task Json(HttpContext context, object answer)
    {
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(answer, RunRowJson.Options);
    }
}
