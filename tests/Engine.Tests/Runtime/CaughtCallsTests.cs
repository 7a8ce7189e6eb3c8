using System.Runtime.InteropServices;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

/// <summary>Errors of native functions that do not catch them are exceptions of .NET's.</summary>
public sealed class CaughtCallsTests
{
    public CaughtCallsTests() => TorchLoader.EnsureLoaded();

    private static void Refuses(string text, Action call)
        => Assert.Contains(text, Assert.ThrowsAny<ExternalException>(call).Message);

    [Fact]
    public void AProductOfMatricesThatDoNotFit_Throws()
    {
        Assert.True(CaughtCalls.AreCaught);
        using var scope = NewDisposeScope();
        for (var i = 0; i < 100; i++)
            Refuses("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)", () => ones(2, 3).matmul(ones(4, 5)));
        Refuses("expected m1 and m2 to have the same dtype", () => ones(2, 3).matmul(ones(3, 2, ScalarType.Float64)));
        Refuses("both arguments to matmul need to be at least 1D", () => ones([]).matmul(ones(2)));
        Assert.Equal(new float[] { 3, 3, 3, 3 }, ones(2, 3).matmul(ones(3, 2)).data<float>().ToArray());
    }

    // Where the exception is this thread's first word to TorchSharp's library, and where several throw at once.
    [Fact]
    public void OnAnyThread()
    {
        using Tensor a = ones(2, 3), b = ones(4, 5);
        var wrong = 0;
        var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 50; i++)
                try { a.matmul(b); }
                catch (ExternalException e) when (e.Message.Contains("(2x3 and 4x5)")) { Interlocked.Increment(ref wrong); }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Equal(8 * 50, wrong);
    }

    [Fact]
    public void Gradients_OfWhatHasNone_Throw()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(3, requires_grad: true), y = ones(3, requires_grad: true);
        Refuses("does not require grad", () => autograd.grad([ones(3).sum()], [x]));
        Refuses("appears to not have been used in the graph", () => autograd.grad([x.sum()], [y]));
        var loss = (x * x).sum();
        // ten arguments, of which four lie on the stack
        Assert.Equal(new float[] { 2, 2, 2 }, autograd.grad([loss], [x])[0].data<float>().ToArray());
        Refuses("backward through the graph a second time", () => autograd.grad([loss], [x]));
    }

    [Fact]
    public void SoDoTheOthers()
    {
        using var scope = NewDisposeScope();
        Refuses("Dimension out of range", () => ones(3).cummax(5));
        Refuses("Dimension out of range", () => ones(3).cummin(5));
        Refuses("", () => set_num_threads(-1));
        Refuses("", () => set_rng_state(zeros(3)));
        Assert.Equal([1L, 1, 1], ones(3).cummax(0).values.to_type(ScalarType.Int64).data<long>().ToArray());
    }

    [Fact]
    public void ProductsKeepTheirGradients()
    {
        using var scope = NewDisposeScope();
        Tensor a = rand(4, 5, requires_grad: true), b = rand(5, 6, requires_grad: true);
        a.matmul(b).sum().backward();
        Assert.True(a.grad!.equal(ones(4, 6).mm(b.t())).all().item<bool>() || a.grad!.allclose(ones(4, 6).mm(b.t())));
    }
}
