using Interactive.Execution;

namespace Interactive.Engine.Tests.Execution;

public class ProfilingProgressTests
{
    private readonly Clock time = new();
    private readonly StringWriter output = new();

    [Fact]
    public void What_is_soon_done_is_not_told()
    {
        var progress = new ProfilingProgress("measuring", output, isTerminal: true, time);
        foreach (var done in new[] { 0.2, 0.9, 1 })
        {
            time.Advance(TimeSpan.FromSeconds(0.9));
            progress.Tell(done);
        }
        Assert.Equal("", output.ToString());
    }

    [Fact]
    public void A_terminal_has_a_bar_that_ends_on_a_line_of_its_own()
    {
        var progress = new ProfilingProgress("measuring", output, isTerminal: true, time);
        time.Advance(TimeSpan.FromSeconds(4));
        progress.Tell(0.25);
        progress.Tell(0.26); // too soon
        time.Advance(TimeSpan.FromSeconds(1));
        progress.Tell(1);
        Assert.Equal($"\r\u001b[Kmeasuring {new string('━', 5)}{new string('╌', 15)} 25 %  ETA 0:12\r\u001b[Kmeasuring {new string('━', 20)} 100 %\n", output.ToString());
    }

    [Fact]
    public void A_file_has_lines()
    {
        var progress = new ProfilingProgress("measuring", output, isTerminal: false, time);
        foreach (var done in new[] { 0.2, 0.4, 0.6, 1 })
        {
            time.Advance(TimeSpan.FromSeconds(6));
            progress.Tell(done);
        }
        var lines = output.ToString().TrimEnd().Split(Environment.NewLine);
        Assert.Equal(2, lines.Length);
        Assert.Contains("40 %", lines[0]);
        Assert.Contains("100 %", lines[1]);
    }

    private sealed class Clock : TimeProvider
    {
        private long now;

        public void Advance(TimeSpan by) => now += by.Ticks;
        public override long GetTimestamp() => now;
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }
}
