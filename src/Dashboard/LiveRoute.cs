using System.Globalization;
using Interactive.Extensions.Runs;
using Interactive.Monitoring;

namespace Interactive.Dashboard;

/// <summary>
/// Tells a page that runs have changed, as server-sent events: the page then asks for what it shows. One connection a
/// page: browsers open six to a host. The id is how much has been written, so that a page that was cut off learns at
/// once whether it missed something.
/// </summary>
internal static class LiveRoute
{
    // A run is followed closely; a list of a thousand is looked through now and then.
    private static readonly TimeSpan glance = TimeSpan.FromMilliseconds(250), look = TimeSpan.FromSeconds(2),
        breath = TimeSpan.FromSeconds(15);

    private static readonly string[] files = ["metrics.jsonl", RunEvents.File, RankTimes.File, RunText.File];

    public static void Map(IEndpointRouteBuilder routes, RunStore store)
        => routes.MapGet("/api/live", async (HttpContext context, IHostApplicationLifetime life) =>
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted,
            life.ApplicationStopping);
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        string[] asked = [.. context.Request.Query["run"].OfType<string>()];
        var (told, spoke) = ((string?)context.Request.Headers["Last-Event-ID"] ?? State(store, asked), DateTime.UtcNow);
        try
        {
            await response.WriteAsync($"id: {told}\nevent: begin\ndata: {told}\n\n", ended.Token);
            while (true)
            {
                await response.Body.FlushAsync(ended.Token);
                await Task.Delay(asked.Length > 0 ? glance : look, ended.Token);
                var state = State(store, asked);
                if (state != told)
                {
                    await response.WriteAsync($"id: {state}\nevent: changed\ndata: {state}\n\n", ended.Token);
                    (told, spoke) = (state, DateTime.UtcNow);
                }
                else if (DateTime.UtcNow - spoke > breath)
                {
                    await response.WriteAsync(": still here\n\n", ended.Token);
                    spoke = DateTime.UtcNow;
                }
            }
        }
        catch (OperationCanceledException) { } // the page was closed, or the server ends
    });

    // How much those asked for (or all) have written: any change of a run changes it.
    private static string State(RunStore store, string[] asked)
    {
        var runs = asked.Length == 0 ? RunDirectory.All(store.Folder)
            : [.. asked.Select(store.Find).OfType<RunDirectory>()];
        var hash = new HashCode();
        foreach (var run in runs)
        {
            hash.Add(run.Id);
            hash.Add(RunRow.StateOf(run));
            // a list of a thousand looks at one file of each
            foreach (var name in asked.Length == 0 ? files[..1] : files)
                if (new FileInfo(Path.Combine(run.Path, name)) is { Exists: true } file)
                    hash.Add((file.Length, file.LastWriteTimeUtc));
        }
        return string.Create(CultureInfo.InvariantCulture, $"{runs.Count}-{(uint)hash.ToHashCode()}");
    }
}
