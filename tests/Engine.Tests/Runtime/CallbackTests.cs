using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

public class CallbackTests
{
    [Fact]
    public void What_a_part_throws_on_a_thread_of_libtorchs_reaches_the_caller()
    {
        var threads = get_num_threads();
        set_num_threads(2);
        try
        {
            var thrown = Assert.Throws<InvalidOperationException>(()
                => OpenMp.For(100, 1, (from, to) => throw new InvalidOperationException($"{from}")));
            Assert.True(int.TryParse(thrown.Message, out _));
            var sum = 0L;
            OpenMp.For(100, 1, (from, to) => Interlocked.Add(ref sum, to - from));
            Assert.Equal(100, sum);
        }
        finally { set_num_threads(threads); }
    }

    [Fact]
    public void An_error_left_for_the_call_in_progress_is_taken_once()
    {
        using var any = zeros(1);
        Assert.True(LastError.IsAvailable);
        LastError.Put(LastError.Text(new InvalidOperationException("mine")));
        Assert.NotEqual(0, LastError.Take());
        Assert.Equal(0, LastError.Take());
    }
}
