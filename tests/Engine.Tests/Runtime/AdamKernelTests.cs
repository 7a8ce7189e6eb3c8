using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

public class AdamKernelTests
{
    /// <summary>
    /// Sizes around a vector's and a thread's part; three steps, so that both moments and both corrections count.
    /// </summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(13, true)]
    [InlineData(16, false)]
    [InlineData(16411, true)]
    [InlineData(70001, false)]
    public void One_pass_has_the_bits_of_libtorchs_operators(long size, bool decoupled)
    {
        using var scope = NewDisposeScope();
        manual_seed(size);
        using var adam = new Adam(0.9, 0.995, 1e-7, 0.03, decoupled);
        var fused = new TorchSharp.Modules.Parameter(randn(size));
        Tensor plain = fused.detach().clone(), mean = zeros(size), square = zeros(size);
        for (var step = 1; step <= 3; step++)
        {
            var gradient = randn(size) * Math.Pow(10, step - 3);
            adam.Begin();
            adam.Step("p", fused, gradient, 3e-3);
            using (no_grad()) adam.ByOperators(new("p", plain, gradient, step, 3e-3, 0.03, 0.9), mean, square);
            Assert.True(fused.bytes.SequenceEqual(plain.bytes), $"parameter after step {step}");
            Assert.True(adam.State["p/mean"].bytes.SequenceEqual(mean.bytes), $"mean after step {step}");
            Assert.True(adam.State["p/square"].bytes.SequenceEqual(square.bytes), $"squares after step {step}");
        }
    }
}
