using System.Runtime.InteropServices;
using Interactive.Runtime;
using TorchSharp;

namespace Interactive.Engine.Tests;

public class TorchLoaderTests
{
    [Fact]
    public void Torch_computes_after_the_loader_ran()
    {
        TorchLoader.EnsureLoaded();
        using var sum = torch.ones(2, 3).sum();
        Assert.Equal(6f, sum.item<float>());
    }

    [Fact]
    public void Symbols_that_are_not_exported_are_found_where_the_loader_put_them()
    {
        Assert.True(TorchLoader.TryGetExport("torch_call_dispatcher", out var export));
        Assert.True(TorchLoader.TryGetExport("aoti_torch_new_tensor_handle", out var other));
        var library = File.ReadLines("/proc/self/maps").Select(line => line.Split(' ')[^1])
            .First(path => path.EndsWith("libtorch_cpu.so"));
        Assert.Equal(export - other,
            ElfSymbols.Find(library, "torch_call_dispatcher")
            - ElfSymbols.Find(library, "aoti_torch_new_tensor_handle"));
        Assert.Null(ElfSymbols.Find(library, "no_such_symbol"));
        const string local = "_ZN4dnnl4impl3cpu3x643cpuEv";
        Assert.NotNull(ElfSymbols.Find(library, local));
        Assert.False(NativeLibrary.TryGetExport(NativeLibrary.Load(library), local, out _));
    }

    // What ended the process where the caches are hidden.
    [Fact]
    public void Strided_pointwise_convolutions_run_backward()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.randn([2, 256, 16, 16], requires_grad: true);
        var w = torch.randn([512, 256, 1, 1], requires_grad: true);
        torch.nn.functional.conv2d(x, w, strides: [2, 2]).sum().backward();
        Assert.Equal(x.shape, x.grad!.shape);
    }
}
