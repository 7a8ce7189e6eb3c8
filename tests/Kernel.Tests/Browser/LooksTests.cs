using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Jupyter;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;

namespace Interactive.Kernel.Tests.Browser;

/// <summary>
/// The report, the figures of a plan and of scaling in a headless Chromium, light and dark, 1280 and 420 pixels wide:
/// what looks.mjs measures. Screenshots stay in <c>artifacts/tests/browser</c>.
/// </summary>
[Trait("Speed", "slow")]
public sealed class LooksTests
{
    private static readonly string scripts = Path.Combine(JupyterClient.Tests, "browser");

    [SkippableFact]
    public async Task Pages_fit_and_can_be_read()
    {
        using var folder = new TemporaryFolder();
        var (exit,
            output) = await Look(folder, $"report={WriteReport(folder.Path)}", $"plan={WritePlan(folder.Path)}",
            $"scaling={WriteScaling(folder.Path)}");
        Assert.True(exit == 0, output);
        Assert.Equal(3 * 2 * 2, output.Split('\n').Count(line => line.Contains("figures are drawn")));
    }

    [SkippableFact]
    public async Task A_page_that_does_not_is_found()
    {
        using var folder = new TemporaryFolder();
        var page = Path.Combine(folder.Path, "bad.html");
        File.WriteAllText(page, """
            <body style="background: white"><div class="js-plotly-plot"><svg class="main-svg" width="300" height="40"><text x="5" y="20">one over</text><text x="8" y="22">another</text><text x="280" y="36">cut off</text></svg></div>
            <p style="color: #bbb">pale</p><div style="width: 1500px">wide</div></body>
            """);
        var (exit, output) = await Look(folder, $"bad={page}");
        Assert.Equal(1, exit);
        Assert.All(["nothing to scroll sideways", "no text over another", "no text cut off", "every text is readable"],
            what => Assert.Contains(output.Split('\n'), line => line.StartsWith("FAILED") && line.Contains(what)));
    }

    private static async Task<(int Exit, string Output)> Look(TemporaryFolder folder, params string[] pages)
    {
        Skip.IfNot(File.Exists("/usr/bin/chromium"), "/usr/bin/chromium is not there: apt-get install chromium");
        Skip.IfNot(Directory.Exists(Path.Combine(scripts, "node_modules", "playwright-core")),
            $"playwright-core is not there: npm ci --prefix {scripts}");
        using var client = new JupyterClient();
        return await client.Run("node", scripts,
            ["looks.mjs", Path.Combine(JupyterClient.Tests, "..", "artifacts", "tests", "browser"), .. pages]);
    }

    private static string WriteReport(string folder)
    {
        var run = Directory.CreateDirectory(Path.Combine(folder, "20260101-100000-train")).FullName;
        File.WriteAllText(Path.Combine(run, "config.json"),
            JsonSerializer.Serialize(new
            {
                model = "resnet50",
                parameters = 25_557_032,
                ranks = 2,
                options = new { learningRate = 3e-4 }
            }));
        using (var lines = new StreamWriter(Path.Combine(run, "metrics.jsonl")))
            for (var step = 1; step <= 400; step++)
            {
                var (loss, rate) = (2.3 * Math.Exp(-step / 200.0) + 0.1 * Math.Sin(step), 3e-4 * step / 400);
                lines.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"kind":"train","step":{{step}},"epoch":0,"loss":{{loss}},"learningRate":{{rate}},"samplesPerSecond":11170371,"liveBytes":100000000,"peakBytes":200000000,"seconds":0.01}"""));
                if (step % 100 == 0)
                    lines.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $$"""{"kind":"eval","step":{{step}},"epoch":0,"loss":{{loss}},"accuracy":0.87}"""));
            }
        return Report.Write(run);
    }

    private static string WritePlan(string folder)
    {
        var net =
            Fusion.Fuse(Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 64, 64), ShapesOnly = true }));
        var facts = new PlanningGraph(net, AnalyticProfile.Of(net, 8));
        var report = PlanReport.Make(facts, MemoryBudget.Parse("60%"), PlannerList.Find("optimal"));
        var planners = new[] { "cheap-drop", "segments", "optimal", "search" }.Select(
            (name, i) => new { name, peakBytes = report.Plan.Prediction.PeakBytes + i, overhead = 0.02 + 0.001 * i });
        var json = JsonSerializer.SerializeToElement(new
        {
            model = "resnet18",
            feasible = true,
            budgetBytes = report.BudgetBytes,
            predictedPeakBytes = report.Plan.Prediction.PeakBytes,
            predictedOverhead = report.Plan.Overhead,
            pareto = Pareto.Of(facts).Select(p => new { budgetBytes = p.Prediction.PeakBytes, overhead = p.Overhead }),
            planners,
        });
        var path = Path.Combine(folder, "plan.html");
        FigureFile.Write(path, MemoryFigures.Timeline(facts, report.Plan, report.KeepAll, report.BudgetBytes),
            MemoryFigures.Tensors(facts, report.Plan), PlanFigures.Pareto(json));
        return path;
    }

    private static string WriteScaling(string folder)
    {
        ScalingSeries[] series =
        [
            new("resnet50, simulated, 25 Gbit/s", 0.29, [(1, 0.29), (8, 0.291), (16, 0.292), (32, 0.293)],
                IsSimulated: true),
            new("vgg16, simulated, 25 Gbit/s", 0.41, [(1, 0.41), (8, 0.44), (16, 0.47), (32, 0.48)], IsSimulated: true),
        ];
        var path = Path.Combine(folder, "scaling.html");
        FigureFile.Write(path, ScalingFigures.Efficiency(series), ScalingFigures.StepTime(series));
        return path;
    }
}
