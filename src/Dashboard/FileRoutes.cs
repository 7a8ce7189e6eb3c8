using Interactive.Monitoring;

namespace Interactive.Dashboard;

/// <summary>What the page asks of a run's files besides its numbers: log, ranks, plan, trace and report.</summary>
internal static class FileRoutes
{
    private const int Columns = 300;

    // A page that a training has written, or that is made of what it has written, may run its own figures, and nothing of ours.
    private const string Sandbox = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; frame-ancestors 'self'";

    public static void Map(IEndpointRouteBuilder routes, RunStore store)
    {
        void Answer(string what, Func<RunDirectory, object?> with) => routes.MapGet($"/api/runs/{{run}}/{what}", context
            => Run(context, store) is { } run && with(run) is { } answer ? RunRoutes.Json(context, answer) : RunRoutes.Missing(context));
        Answer("log", run => RunFiles.Logs(run, RunEvents.Read(run)).Select(log => (log.Name, End: RunFiles.End(log.File)))
            .Select(log => new { log.Name, log.End.Text, log.End.Before }));
        Answer("ranks", run => RankColumns.Of(RunFiles.Find(run, RankTimes.File) is null ? [] : RankTimes.Read(run), Columns));
        Answer("plan", RunFiles.Plan);
        routes.MapGet("/api/runs/{run}/trace.html", context => Run(context, store) is { } run && RunFiles.HasTrace(run)
            ? Page(context, response => response.WriteAsync(RunFiles.TracePage(run))) : RunRoutes.Missing(context));
        routes.MapGet("/api/runs/{run}/report.html", context => Run(context, store) is { } run && RunFiles.Find(run, "report.html") is { } file
            ? Page(context, response => response.SendFileAsync(file.FullName)) : RunRoutes.Missing(context));
    }

    private static RunDirectory? Run(HttpContext context, RunStore store) => store.Find(context.Request.RouteValues["run"] as string);

    private static Task Page(HttpContext context, Func<HttpResponse, Task> write)
    {
        context.Response.Headers.ContentSecurityPolicy = Sandbox;
        context.Response.ContentType = "text/html; charset=utf-8";
        return write(context.Response);
    }
}
