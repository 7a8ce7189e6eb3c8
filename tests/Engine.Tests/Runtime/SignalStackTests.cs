using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

public class SignalStackTests
{
    private sealed record Named(string? Name);

    // On a processor with matrix units this ended the process.
    [Fact]
    public void A_null_reference_after_a_product_in_bf16_is_an_exception_on_any_thread()
    {
        void Try()
        {
            using var scope = NewDisposeScope();
            var a = randn(256, 256).to_type(ScalarType.BFloat16);
            Assert.Equal(256, matmul(a, a).shape[0]);
            var none = new Named(a.shape[0] == 256 ? null : "");
            for (var i = 0; i < 3; i++) Assert.Throws<NullReferenceException>(() => none.Name!.Length);
        }
        Assert.True(MemoryMeter.Current.IsExact); // tensors' memory is asked for from here on
        Try();
        Exception? error = null;
        for (var i = 0; i < 20; i++)
        {
            var thread = new Thread(() =>
            {
                try { Try(); }
                catch (Exception e) { error = e; }
            });
            thread.Start();
            thread.Join();
        }
        Assert.Null(error);
    }
}
