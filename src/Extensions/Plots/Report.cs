using System.Net;
using System.Text;
using System.Text.Json;
using Interactive.Monitoring;
using Interactive.Runtime;

namespace Interactive.Extensions.Plots;

/// <summary>A run as one page that opens offline: a summary and interactive curves.</summary>
public static class Report
{
    /// <summary>Writes <c>report.html</c> into the run's folder and returns its path.</summary>
    /// <exception cref="UsageException">The folder is not a run directory.</exception>
    public static string Write(string runDirectory)
    {
        var path = Path.Combine(runDirectory, "report.html");
        AtomicFile.WriteText(path,
            Render(RunMetrics.Read(runDirectory),
            TimelineFigures.Exist(runDirectory) ? TimelineFigures.Communication(runDirectory) : null));
        return path;
    }

    internal static string Render(RunMetrics run, Figure? timeline = null)
    {
        Figure[] figures = [TrainingFigures.Loss(run), .. TrainingFigures.Metrics(run), TrainingFigures.Throughput(run),
            TrainingFigures.Memory(run), TrainingFigures.LearningRate(run),
            .. run.Train.Any(r => r.GradientNorm is not null) ? [TrainingFigures.GradientNorm(run)]
            : Array.Empty<Figure>(), .. timeline is null ? Array.Empty<Figure>() : [timeline]];
        var page = new StringBuilder();
        page.Append($$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{Html(run.Name)}}</title>
            <style>
              :root { color-scheme: light dark; }
              * { box-sizing: border-box; }
              body { font-family: system-ui, sans-serif; margin: 0 auto; max-width: 1180px; padding: 24px 16px; color: light-dark(#1f2937, #e5e7eb); background: light-dark(#ffffff, #111827); }
              h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere; } h2 { font-size: 17px; } .state { color: light-dark(#6b7280, #9ca3af); margin: 0 0 20px; }
              .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 12px; margin-bottom: 20px; }
              .fact { border: 1px solid light-dark(#e5e7eb, #374151); border-radius: 10px; padding: 12px 14px; min-width: 0; }
              .fact b { display: block; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; } .fact span { color: light-dark(#6b7280, #9ca3af); font-size: 13px; }
              .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; }
              .figures > div { min-width: 0; }
              .figure { height: 360px; border: 1px solid light-dark(#e5e7eb, #374151); border-radius: 10px; }
              .figures > :first-child { grid-column: 1 / -1; }
              table { border-collapse: collapse; font-size: 14px; } th, td { text-align: left; padding: 4px 16px 4px 0; border-bottom: 1px solid light-dark(#e5e7eb, #374151); }
              .scroll, pre { overflow: auto; } pre { border: 1px solid light-dark(#e5e7eb, #374151); border-radius: 10px; padding: 14px; font-size: 13px; } summary { margin: 12px 0; cursor: pointer; }
            </style>
            {{Plotly.ScriptElement}}</head><body>
            <h1>{{Html(run.Name)}}</h1><p class="state">{{(run.IsFinished ? "finished" : "not finished: cut short or still running")}}</p>
            <div class="facts">
            """);
        foreach (var (name, value) in RunSummary.Of(run)) page.Append($"<div class=\"fact\"><b title=\"{Html(value)}\">{Html(RunSummary.Short(value))}</b><span>{Html(name)}</span></div>");
        page.Append("</div><div class=\"figures\">");
        for (var i = 0; i < figures.Length; i++) page.Append($"<div>{figures[i].ToDiv($"figure{i}")}</div>");
        page.Append("</div><h2>Options that are not the defaults</h2><div class=\"scroll\"><table>");
        foreach (var (name, value) in RunOptions.Chosen(RunOptions.Of(run.Config))) page.Append($"<tr><th>{Html(Training.CommandLine.Flag(name))}</th><td>{Html(value)}</td></tr>");
        page.Append($"</table></div><details><summary>The whole configuration</summary><pre>{Html(JsonSerializer.Serialize(run.Config, new JsonSerializerOptions { WriteIndented = true }))}</pre></details></body></html>");
        return page.ToString();
    }

    private static string Html(string text) => WebUtility.HtmlEncode(text);
}
