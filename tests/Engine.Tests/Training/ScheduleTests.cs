using Interactive.Training;

namespace Interactive.Engine.Tests.Training;

public class ScheduleTests
{
    [Fact]
    public void Cosine_goes_from_the_peak_to_zero()
    {
        var rate = Schedules.Cosine(0.4);
        Assert.Equal(0.4, rate(0, 100), 12);
        Assert.Equal(0.2, rate(50, 100), 12);
        Assert.InRange(rate(99, 100), 0, 0.001);
    }

    [Fact]
    public void Warm_up_rises_in_equal_steps()
    {
        var rate = Schedules.Constant(1, warmUp: 0.1);
        Assert.Equal([1 / 11.0, 2 / 11.0, 10 / 11.0, 1], new[] { rate(0, 100), rate(1, 100), rate(9, 100), rate(10, 100) });
    }

    [Fact]
    public void Step_falls_by_ten_at_half_and_three_quarters()
    {
        var rate = Schedules.Step(1);
        Assert.Equal(1, rate(49, 100), 12);
        Assert.Equal(0.1, rate(50, 100), 12);
        Assert.Equal(0.01, rate(75, 100), 12);
    }

    [Fact]
    public void One_cycle_peaks_at_its_rise()
    {
        var rate = Schedules.OneCycle(1);
        Assert.Equal(1 / 25.0, rate(0, 100), 12);
        Assert.Equal(1, rate(30, 100), 12);
        Assert.InRange(rate(99, 100), 0, 0.01);
    }

    [Fact]
    public void An_unknown_schedule_names_the_known_ones()
        => Assert.Contains("choose constant, cosine, step or onecycle", Assert.Throws<UsageException>(() => Schedules.Create("linear", 1, 0)).Message);
}
