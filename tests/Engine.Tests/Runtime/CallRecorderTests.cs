using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

public class CallRecorderTests
{
    [Fact]
    public void Sees_each_call_with_its_arguments()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(2, 3), y;
        using var recorder = new CallRecorder();
        y = nn.functional.leaky_relu(x.add(1), 0.2);
        recorder.Stop();

        var call = recorder.Calls[^1];
        Assert.Equal("aten::leaky_relu", call.Name);
        Assert.Equal(y.Identity(), (nint)call.Results[0].Payload);
        Assert.Equal((ValueTag.Double, 0.2), (call.Arguments[1].Tag, call.Arguments[1].Number));
        Assert.True(call.WithGradient);
    }

    [Fact]
    public void A_recorded_call_runs_again_on_other_tensors_with_autograd()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(2, 3), other = randn(5, 3, requires_grad: true);
        using var recorder = new CallRecorder();
        nn.functional.elu(x, 0.7);
        recorder.Stop();

        var call = recorder.Calls[^1];
        var results = OperatorCall.Run(call.Name, call.Overload, [NativeValue.Of(other), .. call.Arguments[1..]]);
        using var again = results[0].ToTensor();
        results[0].Release();
        again.sum().backward();
        Assert.True(again.Equals(nn.functional.elu(other, 0.7)));
        Assert.NotNull(other.grad);
    }

    [Fact]
    public void A_refused_call_is_an_exception()
    {
        using var x = randn(2, 3);
        Assert.Throws<InvalidOperationException>(()
            => OperatorCall.Run("aten::mm", "", [NativeValue.Of(x), NativeValue.Of(x)]));
    }

    [Fact]
    public void What_was_seen_is_freed()
    {
        var before = MemoryMeter.Current.LiveBytes;
        using (var scope = NewDisposeScope())
        using (var recorder = new CallRecorder())
        {
            var parts = randn(64, 64).chunk(4, 1);
            cat([.. parts], 0).view(-1, 8).sum();
        }
        Assert.Equal(before, MemoryMeter.Current.LiveBytes);
    }
}
