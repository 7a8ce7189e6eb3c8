using System.Runtime.InteropServices;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

public class OutOfMemoryTests
{
    [Fact]
    public void A_tensor_too_large_is_an_exception_and_everything_goes_on()
    {
        Execution.LiveTensors.Settle();
        Assert.True(MemoryMeter.Current.IsExact);
        var before = MemoryMeter.Current.LiveBytes;
        for (var i = 0; i < 3; i++) Assert.Contains("allocate", Assert.Throws<ExternalException>(() => empty([20_000_000_000_000])).Message);
        Assert.Equal(before, MemoryMeter.Current.LiveBytes);
        using var small = ones(1000);
        Assert.Equal(1000, small.sum().item<float>());
    }
}
