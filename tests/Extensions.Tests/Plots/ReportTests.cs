using Interactive.Extensions.Plots;
using Interactive.Monitoring;

namespace Interactive.Extensions.Tests.Plots;

public sealed class ReportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("report").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private RunDirectory Run(bool finished)
    {
        var run = RunDirectory.Create(folder, "a<b");
        run.WriteConfig(new { model = "tiny", parameters = 1234, ranks = 2 });
        using (var log = new RunLog(run))
        {
            log.Write(new TrainRecord(1, 0, 2.5, 0.1, 100, 1 << 20, 3 << 20));
            log.Write(new TrainRecord(2, 0, 1.5, 0.1, 300, 1 << 20, 2 << 20));
            log.Write(new EvalRecord(2, 0, 1.25, 0.75));
        }
        if (finished) run.Finish();
        return run;
    }

    [Fact]
    public void The_page_holds_numbers_and_library_and_asks_for_nothing_else()
    {
        var page = File.ReadAllText(Report.Write(Run(finished: true).Path));
        foreach (var expected in new[] { "a&lt;b", "1,234", "75.00 %", "3 MiB", ">finished<", "Plotly.newPlot(\"figure0\"" }) Assert.Contains(expected, page);
        // Outside the embedded library, nothing is loaded from anywhere.
        var own = page.Replace(Plotly.ScriptElement, "");
        Assert.True(own.Length < page.Length - 1_000_000);
        Assert.DoesNotContain("http", own);
        Assert.DoesNotContain("src=", own);
    }

    [Fact]
    public void A_run_cut_short_says_so()
    {
        var run = Run(finished: false);
        File.AppendAllText(run.Metrics, "{\"kind\":\"train\",\"st"); // the line that was being written
        Assert.Contains("not finished", File.ReadAllText(Report.Write(run.Path)));
        Assert.Equal(2, RunMetrics.Read(run.Path).Train.Count);
    }

    [Theory]
    [InlineData("11,170,371", "11.2 M")]
    [InlineData("272,474", "272 k")]
    [InlineData("99,999", "99,999")]
    [InlineData("1,500,000,000", "1.5 G")]
    [InlineData("75.00 %", "75.00 %")]
    [InlineData("resnet", "resnet")]
    public void A_large_number_is_told_in_three_digits(string value, string told)
        => Assert.Equal(told, RunSummary.Short(value));

    [Fact]
    public void The_page_tells_the_options_that_were_chosen()
    {
        var run = Run(finished: true);
        run.WriteConfig(new
        {
            model = "tiny",
            options = new Interactive.Training.TrainerOptions { LearningRate = 0.375 }
        });
        var page = File.ReadAllText(Report.Write(run.Path));
        Assert.Contains("<th>--learning-rate</th><td>0.375</td>", page);
        Assert.DoesNotContain("<th>--batch-size</th>", page);
    }

    [Fact]
    public void Another_folder_is_refused()
        => Assert.Contains("is not a run directory", Assert.Throws<UsageException>(() => Report.Write(folder)).Message);
}
