using Interactive.Training;

namespace Interactive.Engine.Tests.Training;

/// <summary>Who is slow, from the ranks' own times.</summary>
public sealed class StragglerTests
{
    private readonly Stragglers stragglers = new(["a", "b"]);

    // Rank 0 takes a second.
    private IReadOnlyList<string> Seen(double own, double data = 0) => stragglers.Compare([new(1, 0), new(own, data)]);

    [Fact]
    public void A_rank_is_named_after_three_windows_in_a_row_once_and_again_when_it_has_caught_up()
    {
        Assert.Empty(Seen(1.5));
        Assert.Empty(Seen(1.5));
        Assert.Empty(Seen(1.4)); // 1 / 1.4 is more than 0.7: it begins anew
        Assert.Empty(Seen(1.5));
        Assert.Empty(Seen(1.5));
        Assert.Equal("rank 1 on b holds the others up: 1500.0 ms a step of its own, the fastest rank 1000.0 ms; most of the difference is computing", Assert.Single(Seen(1.5)));
        Assert.Empty(Seen(1.5));
        Assert.Empty(Seen(1.4));
        Assert.Empty(Seen(1.5)); // not yet
        Assert.Empty(Seen(1.4));
        Assert.Empty(Seen(1.4));
        Assert.Equal("rank 1 on b has caught up", Assert.Single(Seen(1.4)));
        Assert.Empty(Seen(1.4));
        Assert.Empty(Seen(0.5)); // now rank 0 is slow
        Assert.Empty(Seen(0.5));
        Assert.StartsWith("rank 0 on a holds the others up: 1000.0 ms a step of its own, the fastest rank 500.0 ms", Assert.Single(Seen(0.5)));
    }

    // Half a millisecond against two tenths.
    [Fact]
    public void What_a_busy_system_takes_from_short_steps_is_no_alarm()
    {
        for (var window = 0; window < 20; window++)
            Assert.Empty(stragglers.Compare([new(0.2e-3, 0), new(window % 2 == 0 ? 0.5e-3 : 2.1e-3, 0)]));
    }

    [Fact]
    public void What_takes_so_long_is_told()
    {
        foreach (var _ in (int[])[1, 2]) Assert.Empty(Seen(2, 0.9));
        Assert.EndsWith("is waiting for data", Assert.Single(Seen(2, 0.9)));
    }
}
