namespace Interactive.Dashboard;

/// <summary>The page and its parts, which lie in the assembly: nothing is fetched from elsewhere.</summary>
internal static class Pages
{
    private static readonly (string Path, string File, string Type)[] files =
    [
        ("/", "index.html", "text/html"),
        ("/app.js", "app.js", "text/javascript"),
        ("/runs.js", "runs.js", "text/javascript"),
        ("/curves.js", "curves.js", "text/javascript"),
        ("/run.js", "run.js", "text/javascript"),
        ("/heat.js", "heat.js", "text/javascript"),
        ("/parts.js", "parts.js", "text/javascript"),
        ("/compare.js", "compare.js", "text/javascript"),
        ("/text.js", "text.js", "text/javascript"),
        ("/style.css", "style.css", "text/css"),
        ("/uplot.js", "uPlot.iife.min.js", "text/javascript"),
        ("/uplot.css", "uPlot.min.css", "text/css"),
    ];

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (path, file, type) in files)
        {
            var bytes = Read(file);
            routes.MapGet(path, (HttpContext context) =>
            {
                context.Response.ContentType = $"{type}; charset=utf-8";
                context.Response.Headers.CacheControl = "no-cache";
                return context.Response.Body.WriteAsync(bytes).AsTask();
            });
        }
    }

    private static byte[] Read(string file)
    {
        using var stream = typeof(Pages).Assembly.GetManifestResourceStream($"pages/{file}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
