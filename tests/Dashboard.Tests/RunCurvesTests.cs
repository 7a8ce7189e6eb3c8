namespace Interactive.Dashboard.Tests;

public sealed class RunCurvesTests : IDisposable
{
    private readonly RunFolder folder = new();
    private RunCurves Open(string id = "run") => new(folder.Metrics(id));
    private static double[] Loss(RunCurves curves)
        => curves.Curves.TryGetValue("loss", out var loss)
        ? [.. loss.Between(s => s, double.NegativeInfinity, double.PositiveInfinity, 800).Select(p => (double)p.Y)]
        : [];

    [Fact]
    public void A_line_that_is_being_written_waits_for_its_end()
    {
        folder.Add("run", 0);
        var curves = Open();
        var line = RunFolder.Train(1, 3.5);
        File.AppendAllText(folder.Metrics("run"), line[..20]);
        curves.Refresh();
        Assert.Empty(Loss(curves));
        File.AppendAllText(folder.Metrics("run"), line[20..] + "\n");
        curves.Refresh();
        Assert.Equal([3.5], Loss(curves));
        curves.Refresh();
        Assert.Equal([3.5], Loss(curves));
    }

    [Theory]
    [InlineData(2, 4)] // shorter than what was read
    [InlineData(2, 40)] // longer
    public void A_run_that_went_on_from_a_checkpoint_is_read_again(int kept, int more)
    {
        folder.Add("run", 10);
        var curves = Open();
        curves.Refresh();
        Assert.Equal(10, Loss(curves).Length);
        File.Delete(folder.Metrics("run"));
        folder.Write("run",
            [.. Enumerable.Range(1, kept).Select(s => RunFolder.Train(s, 1.0)),
            .. Enumerable.Range(kept + 1, more).Select(s => RunFolder.Train(s, 7.0))]);
        curves.Refresh();
        Assert.Equal([.. Enumerable.Repeat(1.0, kept), .. Enumerable.Repeat(7.0, more)], Loss(curves));
    }

    [Fact]
    public void Lines_that_are_no_records_do_not_count()
    {
        folder.Add("run", 0);
        folder.Write("run", "", "{", "[]", "null", "7", "{\"kind\":\"train\"}",
            "{\"kind\":\"other\",\"step\":1,\"loss\":1}", "{\"kind\":\"train\",\"step\":1,\"loss\":{\"a\":[1]}}",
            "\u00ff\u00fe", RunFolder.Train(2, "NaN"), RunFolder.Train(3, 4.0), RunFolder.Train(3, 9.0));
        var curves = Open();
        curves.Refresh();
        Assert.Equal([double.NaN, 4], Loss(curves));
    }

    [Fact]
    public void Evaluations_lie_where_their_step_lies_in_time_and_samples()
    {
        folder.Add("run", 20);
        folder.Write("run", """{"kind":"eval","step":20,"epoch":0,"loss":0.5,"accuracy":0.75}""");
        var curves = Open();
        curves.Refresh();
        double Place(string axis)
            => curves.Curves["test accuracy"].Between(curves.Place(axis), double.NegativeInfinity,
            double.PositiveInfinity, 800).Single().X;
        Assert.Equal(20, Place("step"));
        Assert.Equal(2, Place("time"), 9);
        Assert.Equal(80, Place("samples"));
    }

    [Fact]
    public void A_file_larger_than_a_block_is_read_whole()
    {
        folder.Add("run", 0);
        File.WriteAllLines(folder.Metrics("run"),
            Enumerable.Range(1, 30_000).Select(step => RunFolder.Train(step, step)));
        var curves = Open();
        curves.Refresh();
        Assert.Equal(30_000, curves.Curves["loss"].LastStep);
        Assert.Equal(30_000, curves.Curves["loss"].Count);
        Assert.Equal(new FileInfo(folder.Metrics("run")).Length, curves.Offset);
    }

    public void Dispose() => folder.Dispose();
}
