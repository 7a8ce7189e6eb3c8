using System.Runtime.InteropServices;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

/// <summary>A number in a call outlives the call, whenever a collection comes.</summary>
public sealed unsafe class ScalarFreesTests
{
    public ScalarFreesTests() => TorchLoader.EnsureLoaded();

    [Fact]
    public void A_scalar_can_be_read_after_it_was_let_go_of()
    {
        Assert.True(ScalarFrees.AreLate);
        var read = (delegate* unmanaged<nint,
            double>)NativeLibrary.GetExport(NativeLibrary.Load(TorchLoader.LoadedFrom!), "THSTorch_scalar_to_float64");
        var scalar = (Scalar)2.5;
        var handle =
            (nint)typeof(Scalar).GetProperty("Handle",
            System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(scalar)!;
        scalar.Dispose();
        for (var i = 0; i < 1000; i++) ((Scalar)i).Dispose(); // these would take its place
        Assert.Equal(2.5, read(handle));
    }

    [Fact]
    public void Sums_are_right_while_another_thread_collects()
    {
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0);
                _ = (Scalar)0.5; // of another type than those of the sums
            }
        });
        collector.Start();
        try
        {
            using var ones = torch.ones(8, ScalarType.Int64);
            for (var i = 0; i < 4_000; i++) // without late frees it fails after some 750 to 8,000 collections
            {
                using var sum = ones + 41;
                Assert.Equal(42, sum.ReadCpuInt64(7));
            }
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }
    }
}
